using Lightning.Authorization;

namespace Lightning.Admin.Engine.Registrations;

/// <summary>The context in which a row is created or changed.</summary>
/// <param name="Actor">The administrator.</param>
/// <param name="Now">The current time (UTC), truncated to microseconds as in Postgres.</param>
/// <param name="IsNew">Whether the row is new.</param>
public sealed record SaveContext(Actor Actor, DateTimeOffset Now, bool IsNew);
