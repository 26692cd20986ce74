using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using Lightning.Admin.Engine.Audit;
using Lightning.Authorization;
using Lightning.Data.Audit;
using Lightning.Data.Users;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Admin.Audit;

/// <summary>The audit log, for the history of rows and the record of exports.</summary>
public sealed class AdminAuditLog(AuditPolicy entries, UserPolicy users) : IAuditLog
{
    /// <inheritdoc/>
    public string? SubjectOf(Type entity) => entity.GetCustomAttribute<AuditedAttribute>(inherit: false)?.Name;

    /// <inheritdoc/>
    public async Task<IReadOnlyList<AuditRecord>> ReadAsync(
        DbContext db,
        Actor actor,
        AuditQuery query,
        CancellationToken cancellationToken
    )
    {
        var rows = db.Set<AuditEntry>()
            .AsNoTracking()
            .Where(entries, actor, Verb.Read)
            .Where(entry => query.SubjectTypes.Contains(entry.SubjectType!) && entry.SubjectId == query.SubjectId);
        if (query.Before is { } before)
            rows = rows.Where(entry => entry.Id < before);
        var found = await rows.OrderByDescending(entry => entry.Id).Take(query.Most).ToListAsync(cancellationToken);
        Guid[] ids = [.. found.SelectMany(entry => new[] { entry.UserId, entry.ActedBy }).OfType<Guid>().Distinct()];
        var names =
            ids.Length == 0
                ? []
                : await db.Set<User>()
                    .AsNoTracking()
                    .Where(users, actor, Verb.Read)
                    .Where(user => ids.Contains(user.Id))
                    .ToDictionaryAsync(user => user.Id, user => user.Email, cancellationToken);
        return
        [
            .. found.Select(entry => new AuditRecord(entry.Id, entry.At, entry.Action)
            {
                SubjectType = entry.SubjectType,
                Text = EventText.Find(entry.Action),
                Details = DetailsOf(entry),
                User = LinkTo(entry.UserId),
                Impersonator = LinkTo(entry.ActedBy),
                Session = entry.SessionId is { } session ? new("Session", $"/sessions/{session}") : null,
                Ip = entry.Ip,
            }),
        ];

        AuditLink? LinkTo(Guid? user) =>
            user is not { } id ? null
            : names.TryGetValue(id, out var name) ? new(name, $"/users/{id}")
            : new(id.ToString(), null);
    }

    /// <summary>The details; why an impersonation ended is in words.</summary>
    static string? DetailsOf(AuditEntry entry)
    {
        if (
            entry is not { Action: "acting-ended", Details: { } details }
            || JsonNode.Parse(details) is not JsonObject fields
            || (string?)fields["reason"] is not { } reason
        )
            return entry.Details;
        fields["reason"] = EventText.Describe(reason);
        return fields.ToJsonString();
    }

    /// <inheritdoc/>
    public async Task RecordExportAsync(DbContext db, Actor actor, ExportRecord export)
    {
        ArgumentNullException.ThrowIfNull(db);
        ArgumentNullException.ThrowIfNull(actor);
        ArgumentNullException.ThrowIfNull(export);
        db.Add(
            new AuditEntry
            {
                At = export.At,
                Action = "exported",
                UserId = actor.UserId,
                SessionId = actor.SessionId,
                SubjectType = export.List,
                Details = JsonSerializer.Serialize(new { format = export.Format, columns = export.Columns }),
                Ip = export.Ip,
            }
        );
        await db.SaveChangesAsync(CancellationToken.None);
        db.ChangeTracker.Clear();
    }
}
