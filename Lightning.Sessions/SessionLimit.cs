using System.Text.Json;
using Lightning.Data;
using Lightning.Data.Audit;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Sessions;

/// <summary>How many sessions a person may have at once (ASVS 5.0, 7.1.2): the newest ones.</summary>
public static class SessionLimit
{
    /// <summary>
    /// Ends the oldest sessions beyond the limit. The database decides, in the transaction that began the newest and for one sign-in of a person at a time, so that
    /// no two can pass it together.
    /// </summary>
    /// <param name="db">In the transaction that began the session.</param>
    /// <param name="options">With the limit; without one nothing is done.</param>
    /// <param name="newest">The session that has just begun.</param>
    /// <param name="now">The present time, in UTC.</param>
    /// <returns>Those that were ended.</returns>
    public static async Task<IReadOnlyList<Guid>> KeepAsync(LightningDb db, SessionsOptions options, Guid newest, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(db);
        ArgumentNullException.ThrowIfNull(options);
        if (options.MostPerUser is not { } most) return [];
        var evicted = await db.Database.SqlQuery<Guid>(
            $"""SELECT evicted AS "Value" FROM identity.keep_newest_sessions({newest}, {most}, {now}, {now - options.IdleTimeout}) AS evicted""").ToListAsync();
        if (evicted.Count == 0) return evicted;
        var user = await db.Sessions.Where(session => session.Id == newest).Select(session => session.UserId).SingleAsync();
        db.AuditEntries.Add(new AuditEntry { At = now, Action = "sessions-evicted", UserId = user, SessionId = newest, Details = JsonSerializer.Serialize(new { sessions = evicted }) });
        await db.SaveChangesAsync();
        return evicted;
    }
}
