using Lightning.Data;
using Lightning.Data.Sessions;
using Lightning.Identity.Accounts;
using Lightning.Sessions;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Lightning.Identity.Sessions;

/// <summary>Sessions at this provider, as the database knows them at this moment.</summary>
sealed class LiveSessions(LightningDb db, IOptions<SessionsOptions> limits, IOptions<ProviderOptions> provider, SecondFactorRule rule, TimeProvider clock, ProviderMetrics metrics)
{
    static readonly TimeSpan TouchInterval = TimeSpan.FromMinutes(1);

    const string Source = "identity.sessions AS session JOIN app.users AS person ON person.id = session.user_id";
    static readonly string Living = $"SELECT session.* FROM {Source} WHERE {Rule("{0}", "{1}", "{2}", "{3}", "{4}")}";
    static readonly PreparedStatement Look = new($"SELECT {Columns} FROM {Source} WHERE {Rule("$1", "$2", "$3", "$4", "$5")} AND session.id = $6");

    /// <summary>
    /// The one rule for who is alive, over <c>identity.sessions AS session</c> and <c>app.users AS person</c>: the session has not ended, its user was not
    /// shut out, and who has it proved all that must be proved. Its parameters stand for what <see cref="RuleValues"/> gives.
    /// </summary>
    public static string Rule(string issuer, string now, string idleSince, string everyone, string administrators) => $"""
        session.issuer = {issuer} AND session.ended_at IS NULL AND session.ends_at > {now} AND session.last_seen_at > {idleSince} AND person.disabled_at IS NULL
        AND ('{SecondFactor.Multiple}' = ANY (session.methods) OR NOT ({everyone} OR ({administrators} AND person.is_admin)))
        """;

    /// <summary>What <see cref="Read"/> reads, of the same two.</summary>
    public const string Columns = """
        session.id, session.user_id, person.subject, person.name, person.email, person.email_verified,
        session.created_at, session.auth_time, session.last_seen_at, session.ends_at, session.methods,
        (SELECT actor.subject FROM app.users AS actor WHERE actor.id = session.actor_id) AS actor_subject
        """;

    public static LiveSession Read(NpgsqlDataReader row) => new(
        row.GetGuid(0), row.GetGuid(1), row.GetString(2), row.GetString(3), row.GetString(4), row.GetBoolean(5), row.GetFieldValue<DateTimeOffset>(6),
        row.GetFieldValue<DateTimeOffset>(7), row.GetFieldValue<DateTimeOffset>(8), row.GetFieldValue<DateTimeOffset>(9), row.GetFieldValue<string[]>(10), row.IsDBNull(11) ? null : row.GetString(11));

    /// <summary>What the rule compares with at this moment.</summary>
    public object[] RuleValues(DateTimeOffset now) => [provider.Value.Issuer, now, now - limits.Value.IdleTimeout, rule.ForEveryone, rule.ForAdministrators];

    /// <summary>The session, unless it has ended, its user was shut out, or who has it since must prove more than was proved when it began.</summary>
    public Task<LiveSession?> FindAsync(Guid sid, CancellationToken cancellationToken) =>
        Look.FirstAsync(db, [.. RuleValues(clock.GetUtcNow()), sid], Read, cancellationToken);

    /// <summary>A user's sessions, as far as they are alive.</summary>
    public IQueryable<Session> OfUser(Guid userId) => Alive().Where(session => session.UserId == userId);

    IQueryable<Session> Alive() => db.Sessions.FromSqlRaw(Living, RuleValues(clock.GetUtcNow())).AsNoTracking();

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
