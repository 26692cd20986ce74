using Lightning.Authorization;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Admin.Engine.Audit;

/// <summary>The audit log of the application.</summary>
public interface IAuditLog
{
    /// <summary>The subject type of an entity's rows; null if its writes are not recorded.</summary>
    /// <param name="entity">The entity's class.</param>
    string? SubjectOf(Type entity);

    /// <summary>Reads entries about a row that the actor may read, the newest first.</summary>
    /// <param name="db">The database context of the request.</param>
    /// <param name="actor">The signed-in administrator.</param>
    /// <param name="query">The entries to read.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    Task<IReadOnlyList<AuditRecord>> ReadAsync(
        DbContext db,
        Actor actor,
        AuditQuery query,
        CancellationToken cancellationToken
    );

    /// <summary>Records an export. Not cancelled with the request.</summary>
    /// <param name="db">The database context of the request.</param>
    /// <param name="actor">The signed-in administrator.</param>
    /// <param name="export">The export.</param>
    Task RecordExportAsync(DbContext db, Actor actor, ExportRecord export);
}
