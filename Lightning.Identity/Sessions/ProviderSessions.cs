using Lightning.Data;
using Lightning.Data.Sessions;
using Lightning.Sessions;
using Lightning.Sessions.Model;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Lightning.Identity.Sessions;

/// <summary>
/// Reads and ends sessions of this provider. Always asks the database, because other replicas end sessions too.
/// </summary>
sealed class ProviderSessions(
    LightningDb db,
    IOptions<SessionsOptions> limits,
    IOptions<ProviderOptions> provider,
    SecondFactorPolicy policy,
    TimeProvider clock,
    ProviderMetrics metrics
)
{
    static readonly TimeSpan TouchInterval = TimeSpan.FromMinutes(1);

    const string Source = "identity.sessions AS session JOIN app.users AS person ON person.id = session.user_id";
    static readonly string ActiveSql =
        $"SELECT session.* FROM {Source} WHERE {ActiveCondition("{0}", "{1}", "{2}", "{3}", "{4}")}";
    static readonly PreparedStatement FindActive = new(
        $"SELECT {Columns} FROM {Source} WHERE {ActiveCondition("$1", "$2", "$3", "$4", "$5")} AND session.id = $6"
    );

    /// <summary>
    /// The SQL condition for an active session, over <c>identity.sessions AS session</c> and <c>app.users AS
    /// person</c>: the session has not ended, its user is enabled, and no required factor is missing. Its placeholders
    /// take the values of <see cref="ActiveParameters"/>.
    /// </summary>
    public static string ActiveCondition(
        string issuer,
        string now,
        string idleSince,
        string everyone,
        string administrators
    ) =>
        $"""
            session.issuer = {issuer} AND {ActiveSessions.Condition(now)}
                AND session.last_seen_at > {idleSince} AND person.disabled_at IS NULL
            AND ('{AuthenticationMethods.MultipleFactors}' = ANY (session.methods)
                OR NOT ({everyone} OR ({administrators} AND person.is_admin)))
            """;

    /// <summary>The columns that <see cref="Read"/> expects, from the same tables.</summary>
    public const string Columns = """
        session.id, session.user_id, person.subject, person.name, person.email, person.email_verified,
        session.created_at, session.auth_time, session.last_seen_at, session.ends_at, session.methods,
        (SELECT actor.subject FROM app.users AS actor WHERE actor.id = session.actor_id) AS actor_subject,
        session.cookie_hash
        """;

    public static ProviderSession Read(NpgsqlDataReader row) =>
        new(
            row.GetGuid(0),
            row.GetGuid(1),
            row.GetString(2),
            row.GetString(3),
            row.GetString(4),
            row.GetBoolean(5),
            row.GetFieldValue<DateTimeOffset>(6),
            row.GetFieldValue<DateTimeOffset>(7),
            row.GetFieldValue<DateTimeOffset>(8),
            row.GetFieldValue<DateTimeOffset>(9),
            row.GetFieldValue<string[]>(10),
            row.IsDBNull(11) ? null : row.GetString(11),
            row.IsDBNull(12) ? null : row.GetFieldValue<byte[]>(12)
        );

    /// <summary>The current values for the placeholders of <see cref="ActiveCondition"/>.</summary>
    public object[] ActiveParameters(DateTimeOffset now) =>
        [provider.Value.Issuer, now, now - limits.Value.IdleTimeout, policy.ForEveryone, policy.ForAdministrators];

    /// <summary>Returns the session if it is active, otherwise null.</summary>
    public Task<ProviderSession?> FindAsync(Guid sid, CancellationToken cancellationToken) =>
        FindActive.FirstAsync(db.Database, [.. ActiveParameters(clock.GetUtcNow()), sid], Read, cancellationToken);

    /// <summary>A user's active sessions.</summary>
    public IQueryable<Session> OfUser(Guid userId) => Active().Where(session => session.UserId == userId);

    IQueryable<Session> Active() =>
        db.Sessions.FromSqlRaw(ActiveSql, ActiveParameters(clock.GetUtcNow())).AsNoTracking();

    /// <summary>Updates the session's last use, at most once a minute.</summary>
    public async Task TouchAsync(ProviderSession session)
    {
        var now = clock.GetUtcNow();
        if (now - session.LastSeenAt < TouchInterval)
            return;
        await db
            .Sessions.Active(now)
            .Where(row => row.Id == session.Id && row.LastSeenAt < now)
            .ExecuteUpdateAsync(update => update.SetProperty(row => row.LastSeenAt, now));
    }

    /// <summary>Sets the authentication methods after the user proved a second factor in this session.</summary>
    public Task SetMethodsAsync(Guid sid, string[] methods) =>
        db
            .Sessions.Active(clock.GetUtcNow())
            .Where(session => session.Id == sid)
            .ExecuteUpdateAsync(update => update.SetProperty(session => session.Methods, methods));

    /// <summary>
    /// Locks the session until the caller's transaction ends, so that no other request ends or refreshes it. Lock
    /// sessions before tokens, to avoid deadlocks.
    /// </summary>
    public Task LockAsync(Guid sid) =>
        db.Database.ExecuteSqlAsync($"SELECT id FROM identity.sessions WHERE id = {sid} FOR NO KEY UPDATE");

    /// <summary>Ends a session everywhere.</summary>
    /// <returns>Whether it was active until now.</returns>
    public async Task<bool> EndAsync(Guid sid, string reason)
    {
        var ended = (
            await db
                .Database.SqlQuery<bool>($"""SELECT identity.end_session({sid}, {reason}) AS "Value" """)
                .ToListAsync()
        ).Single();
        metrics.SessionsEnded(reason, ended ? 1 : 0);
        return ended;
    }

    /// <summary>Ends all sessions of a user, optionally except one.</summary>
    public async Task EndAllAsync(Guid userId, string reason, Guid? except = null) =>
        metrics.SessionsEnded(
            reason,
            (
                await db
                    .Database.SqlQuery<int>(
                        $"""SELECT identity.end_user_sessions({userId}, {reason}, {except}) AS "Value" """
                    )
                    .ToListAsync()
            ).Single()
        );

    /// <summary>Whether a session exists and has ended.</summary>
    public Task<bool> HasEndedAsync(Guid sid, CancellationToken cancellationToken)
    {
        var active = db.Sessions.Active(clock.GetUtcNow());
        return db.Sessions.AnyAsync(
            session => session.Id == sid && !active.Any(row => row.Id == sid),
            cancellationToken
        );
    }
}
