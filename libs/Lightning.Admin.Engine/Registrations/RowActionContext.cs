using Lightning.Authorization;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Admin.Engine.Registrations;

/// <summary>The context in which an action runs.</summary>
/// <param name="Db">The database context; changes are saved and audited when the action returns.</param>
/// <param name="Actor">The administrator.</param>
/// <param name="Now">The current time (UTC).</param>
/// <param name="Inputs">The entered values, by name.</param>
/// <param name="CancellationToken">Cancels the action.</param>
public sealed record RowActionContext(
    DbContext Db,
    Actor Actor,
    DateTimeOffset Now,
    IReadOnlyDictionary<string, string> Inputs,
    CancellationToken CancellationToken
);
