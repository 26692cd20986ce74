using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Lightning.Data;
using Lightning.Data.Audit;
using Lightning.Data.Sessions;
using Lightning.Sessions.Feed;
using Lightning.Sessions.Foreign;
using Lightning.Sessions.RelyingParties;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Lightning.Sessions.BackChannel;

/// <summary>Ends what a logout token names, once.</summary>
sealed class ProviderLogout(LightningDb db, RelyingParty party, IOptions<RelyingPartyOptions> options, SessionFeed feed, SessionMetrics metrics, TimeProvider clock)
{
    const string Reason = "ended-by-provider";

    /// <summary>The sessions that ended by this token, none where they had already; null where the token was used before.</summary>
    /// <remarks>Not cancelled with the request: the provider may have gone, and the session is over all the same.</remarks>
    public async Task<IReadOnlyList<Guid>?> EndAsync(LogoutToken logout, string clientId, string? ip)
    {
        // One transaction: a token whose sessions could not be ended has not been used, and may come again.
        await using var transaction = await db.Database.BeginTransactionAsync();
        if (!await UseAsync(logout, clientId)) return null;
        if (logout.Sid is { } sid && options.Value.Foreign) await new ForeignSids(db).ShutAsync(logout.Issuer, sid, clock.GetUtcNow());

        var sessions = await NamedBy(logout).Select(session => new { session.Id, session.UserId }).ToListAsync();
        if (logout.Sid is null)
            foreach (var user in sessions.Select(session => session.UserId).Distinct())
                await db.Database.ExecuteSqlAsync($"SELECT identity.end_user_sessions({user}, {Reason})");
        else
            foreach (var session in sessions)
                await db.Database.ExecuteSqlAsync($"SELECT identity.end_session({session.Id}, {Reason})");

        var now = clock.GetUtcNow();
        db.AuditEntries.AddRange(sessions.Select(session => new AuditEntry
        {
            At = now,
            Action = "session-ended-by-provider",
            UserId = session.UserId,
            SessionId = session.Id,
            Details = JsonSerializer.Serialize(new { app = party.App }),
            Ip = ip,
        }));
        await db.SaveChangesAsync();
        await transaction.CommitAsync();
        foreach (var session in sessions)
        {
            // This replica need not wait for the echo.
            feed.Tell(Change.Session(session.Id));
            metrics.Ended(Reason);
        }
        await ForgetAsync(now);
        return [.. sessions.Select(session => session.Id)];
    }

    /// <summary>The living sessions that the token names: of its issuer and no other; by <c>sid</c>, by <c>sub</c>, and where it has both, by both.</summary>
    IQueryable<Session> NamedBy(LogoutToken logout)
    {
        var sessions = db.Sessions.Where(session => session.EndedAt == null && session.Issuer == logout.Issuer && session.User!.Issuer == logout.Issuer);
        if (logout.Subject is { } subject) sessions = sessions.Where(session => session.User!.Subject == subject);
        if (logout.Sid is not { } sid) return sessions;
        if (options.Value.Foreign) return sessions.Where(session => session.ForeignSid == sid);
        // A sid of our own provider is a session's key; one that could be none names none.
        var id = Guid.TryParse(sid, out var parsed) ? parsed : Guid.Empty;
        return sessions.Where(session => session.Id == id);
    }

    /// <summary>False where the token was used before, on whichever replica (2.6, step 7).</summary>
    async Task<bool> UseAsync(LogoutToken logout, string clientId)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(JsonSerializer.Serialize(new[] { "logout", clientId, logout.Issuer, logout.Identifier })));
        return await db.Database.ExecuteSqlAsync($"INSERT INTO identity.seen_tokens (hash, expires_at) VALUES ({hash}, {logout.ForgetAt}) ON CONFLICT DO NOTHING") > 0;
    }

    /// <summary>Takes away what can be forgotten, a little at a time: the table stays as small as what is in use.</summary>
    Task<int> ForgetAsync(DateTimeOffset now) =>
        db.SeenTokens.Where(token => db.SeenTokens.Where(old => old.ExpiresAt < now).OrderBy(old => old.ExpiresAt).Take(100).Contains(token)).ExecuteDeleteAsync();
}
