using System.Text.Json;
using Lightning.Sessions.Model;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Lightning.Sessions;

/// <summary>Limits the sessions of a user (ASVS 5.0, 7.1.2).</summary>
public sealed class SessionLimit(ISessionContext db, ISessionAudit audit, IOptions<SessionsOptions> options)
{
    /// <summary>
    /// Ends the oldest sessions beyond the limit, in the transaction that created the session. The SQL function
    /// serializes the sign-ins of a user, so that concurrent ones cannot exceed it.
    /// </summary>
    /// <param name="newest">The session that was created.</param>
    /// <param name="now">The current time (UTC).</param>
    /// <returns>The ids of the ended sessions; none without a limit.</returns>
    public async Task<IReadOnlyList<Guid>> KeepAsync(Guid newest, DateTimeOffset now)
    {
        if (options.Value.MostPerUser is not { } most)
            return [];
        var idleSince = now - options.Value.IdleTimeout;
        var evicted = await db
            .Database.SqlQuery<Guid>(
                $"""
                SELECT evicted AS "Value"
                FROM identity.keep_newest_sessions({newest}, {most}, {now}, {idleSince}) AS evicted
                """
            )
            .ToListAsync();
        if (evicted.Count == 0)
            return evicted;
        var user = await db
            .Database.SqlQuery<Guid>($"""SELECT user_id AS "Value" FROM identity.sessions WHERE id = {newest}""")
            .ToListAsync();
        await audit.RecordAsync([
            new SessionAuditEvent
            {
                At = now,
                Action = "sessions-evicted",
                UserId = user.Single(),
                SessionId = newest,
                Details = JsonSerializer.Serialize(new { sessions = evicted }),
            },
        ]);
        return evicted;
    }
}
