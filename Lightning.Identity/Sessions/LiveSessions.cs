using Lightning.Data;
using Lightning.Data.Sessions;
using Lightning.Identity.Accounts;
using Lightning.Sessions;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Lightning.Identity.Sessions;

/// <summary>Sessions at this provider, as the database knows them at this moment.</summary>
sealed class LiveSessions(LightningDb db, IOptions<SessionsOptions> limits, IOptions<ProviderOptions> provider, SecondFactorRule rule, TimeProvider clock, ProviderMetrics metrics)
{
    static readonly TimeSpan TouchInterval = TimeSpan.FromMinutes(1);

    /// <summary>The session, unless it has ended, its user was shut out, or who has it since must prove more than was proved when it began.</summary>
    public Task<LiveSession?> FindAsync(Guid sid, CancellationToken cancellationToken) =>
        Read(Alive().Where(session => session.Id == sid)).SingleOrDefaultAsync(cancellationToken);

    /// <summary>The one session that a query names, if it is alive.</summary>
    public Task<LiveSession?> FindAsync(IQueryable<Guid> sid) => Read(Alive().Where(session => sid.Contains(session.Id))).SingleOrDefaultAsync();

    static IQueryable<LiveSession?> Read(IQueryable<Session> sessions) => sessions
            .Select(session => new LiveSession(
                session.Id, session.UserId, session.User!.Subject, session.User.Name, session.User.Email, session.User.EmailVerified,
                session.CreatedAt, session.AuthTime, session.LastSeenAt, session.EndsAt, session.Methods, session.Actor!.Subject));

    /// <summary>A user's sessions, as far as they are alive.</summary>
    public IQueryable<Session> OfUser(Guid userId) => Alive().Where(session => session.UserId == userId);

    IQueryable<Session> Alive()
    {
        var now = clock.GetUtcNow();
        var (idleSince, issuer) = (now - limits.Value.IdleTimeout, provider.Value.Issuer);
        var (everyone, administrators) = (rule.ForEveryone, rule.ForAdministrators);
        return db.Sessions.AsNoTracking()
            .Where(session => session.Methods.Contains(SecondFactor.Multiple) || !(everyone || (administrators && session.User!.IsAdmin)))
            .Where(session => session.Issuer == issuer && session.EndedAt == null && session.EndsAt > now
                && session.LastSeenAt > idleSince && session.User!.DisabledAt == null);
    }

    /// <summary>Notes that a session is in use, once a minute at the most.</summary>
    public async Task TouchAsync(LiveSession session)
    {
        var now = clock.GetUtcNow();
        if (now - session.LastSeenAt < TouchInterval) return;
        await db.Sessions.Where(row => row.Id == session.Id && row.EndedAt == null && row.LastSeenAt < now)
            .ExecuteUpdateAsync(update => update.SetProperty(row => row.LastSeenAt, now));
    }

    /// <summary>Keeps others from ending or refreshing the session until the caller's transaction is over. Sessions are locked before their tokens, everywhere.</summary>
    public Task LockAsync(Guid sid) => db.Database.ExecuteSqlAsync($"SELECT id FROM identity.sessions WHERE id = {sid} FOR NO KEY UPDATE");

    /// <summary>Ends a session everywhere.</summary>
    /// <returns>Whether it was alive until now.</returns>
    public async Task<bool> EndAsync(Guid sid, string reason)
    {
        var ended = (await db.Database.SqlQuery<bool>($"""SELECT identity.end_session({sid}, {reason}) AS "Value" """).ToListAsync()).Single();
        metrics.Ended(reason, ended ? 1 : 0);
        return ended;
    }

    /// <summary>Ends all of a user's sessions everywhere, but for one where one is given.</summary>
    public async Task EndAllAsync(Guid userId, string reason, Guid? except = null) =>
        metrics.Ended(reason, (await db.Database.SqlQuery<int>($"""SELECT identity.end_user_sessions({userId}, {reason}, {except}) AS "Value" """).ToListAsync()).Single());

    /// <summary>Whether a session is known and has ended.</summary>
    public Task<bool> HasEndedAsync(Guid sid, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        return db.Sessions.AnyAsync(session => session.Id == sid && (session.EndedAt != null || session.EndsAt <= now), cancellationToken);
    }
}
