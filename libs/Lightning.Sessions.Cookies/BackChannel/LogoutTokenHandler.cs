using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Lightning.Sessions.Cookies.ExternalProvider;
using Lightning.Sessions.Cookies.Provider;
using Lightning.Sessions.Feed;
using Lightning.Sessions.Model;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Lightning.Sessions.Cookies.BackChannel;

/// <summary>Ends the sessions that a logout token names, and refuses a replay of the token.</summary>
sealed class LogoutTokenHandler(
    ISessionContext db,
    ISessionAudit audit,
    RelyingParty party,
    IOptions<RelyingPartyOptions> options,
    SessionFeed feed,
    SessionMetrics metrics,
    TimeProvider clock
)
{
    const string Reason = "ended-by-provider";

    /// <summary>Ends the sessions. Not cancelled with the request: the end must not depend on the connection.</summary>
    /// <returns>The ids of the ended sessions, empty if they had ended already; null if the token is a
    /// replay.</returns>
    public async Task<IReadOnlyList<Guid>?> EndAsync(LogoutToken logout, string clientId, string? ip)
    {
        // One transaction: if the sessions cannot be ended, the token stays unused and the provider may retry.
        await using var transaction = await db.Database.BeginTransactionAsync();
        if (!await TryUseAsync(logout, clientId))
            return null;
        if (logout.Sid is { } sid && options.Value.ExternalProvider)
            await new RevokedSids(db).RevokeAsync(logout.Issuer, sid, clock.GetUtcNow());

        var sessions = await FindAsync(logout);
        if (logout.Sid is null)
            foreach (var user in sessions.Select(session => session.UserId).Distinct())
                await db.Database.ExecuteSqlAsync($"SELECT identity.end_user_sessions({user}, {Reason})");
        else
            foreach (var session in sessions)
                await db.Database.ExecuteSqlAsync($"SELECT identity.end_session({session.Id}, {Reason})");

        var now = clock.GetUtcNow();
        await audit.RecordAsync(
            sessions.Select(session => new SessionAuditEvent
            {
                At = now,
                Action = "session-ended-by-provider",
                UserId = session.UserId,
                SessionId = session.Id,
                Details = JsonSerializer.Serialize(new { app = party.App }),
                Ip = ip,
            })
        );
        await transaction.CommitAsync();
        foreach (var session in sessions)
        {
            // At once, without waiting for the notification.
            feed.Publish(SessionChange.Session(session.Id));
            metrics.Ended(Reason);
        }
        await DeleteExpiredAsync(now);
        return [.. sessions.Select(session => session.Id)];
    }

    /// <summary>
    /// The active sessions of the token's issuer that match its <c>sid</c> and its <c>sub</c>; one of the two may be
    /// missing.
    /// </summary>
    Task<List<NamedSession>> FindAsync(LogoutToken logout)
    {
        // Lightning.Identity's sid is the session's id; any other value matches nothing.
        Guid? id =
            logout.Sid is null || options.Value.ExternalProvider ? null
            : Guid.TryParse(logout.Sid, out var parsed) ? parsed
            : Guid.Empty;
        var foreignSid = options.Value.ExternalProvider ? logout.Sid : null;
        return db
            .Database.SqlQuery<NamedSession>(
                $"""
                SELECT session.id, session.user_id FROM identity.sessions AS session
                    JOIN app.users AS person ON person.id = session.user_id
                WHERE session.ended_at IS NULL AND session.issuer = {logout.Issuer} AND person.issuer = {logout.Issuer}
                    AND ({logout.Subject}::text IS NULL OR person.subject = {logout.Subject})
                    AND ({id}::uuid IS NULL OR session.id = {id})
                    AND ({foreignSid}::text IS NULL OR session.foreign_sid = {foreignSid})
                """
            )
            .ToListAsync();
    }

    /// <summary>A session that a logout token names.</summary>
    sealed record NamedSession(Guid Id, Guid UserId);

    /// <summary>Records the use; false if any replica has recorded it before (2.6, step 7).</summary>
    async Task<bool> TryUseAsync(LogoutToken logout, string clientId)
    {
        var hash = SHA256.HashData(
            Encoding.UTF8.GetBytes(
                JsonSerializer.Serialize(new[] { "logout", clientId, logout.Issuer, logout.Identifier })
            )
        );
        return await db.Database.ExecuteSqlAsync(
                $"""
                INSERT INTO identity.seen_tokens (hash, expires_at) VALUES ({hash}, {logout.ReplayableUntil})
                    ON CONFLICT DO NOTHING
                """
            ) > 0;
    }

    /// <summary>Deletes expired rows in small batches, so that the table stays small.</summary>
    Task<int> DeleteExpiredAsync(DateTimeOffset now) =>
        db
            .SeenTokens.Where(token =>
                db.SeenTokens.Where(old => old.ExpiresAt < now).OrderBy(old => old.ExpiresAt).Take(100).Contains(token)
            )
            .ExecuteDeleteAsync();
}
