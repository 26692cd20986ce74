using Lightning.Data;
using Lightning.Sessions.Feed;
using Lightning.Sessions.Foreign;
using Lightning.Sessions.RelyingParties;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Lightning.Sessions.WebSessions;

/// <summary>
/// <c>web.sessions</c> of one application. A session is born once; from then on rows are only changed where the session at the provider has not
/// ended, and never inserted again, so what has ended cannot come back.
/// </summary>
sealed class WebSessionStore(LightningDb db, TimeProvider clock, RelyingParty party, IOptions<SessionsOptions> options, SessionFeed feed, SessionMetrics metrics)
{
    const string Source = """
        web.sessions AS web JOIN identity.sessions AS session ON session.id = web.sid JOIN app.users AS person ON person.id = session.user_id
        """;
    static readonly string Living = $"SELECT web.* FROM {Source} WHERE {Rule("{0}", "{1}", "{2}")}";
    static readonly PreparedStatement Look = new($"""
        SELECT session.id, person.id, person.name, person.email, person.email_verified, person.is_admin,
            web.created_at, web.last_seen_at, least(web.ends_at, session.ends_at), session.auth_time, web.ticket, web.tokens, web.token_expires_at, actor.subject, actor.name
        FROM {Source} LEFT JOIN app.users AS actor ON actor.id = session.actor_id WHERE {Rule("$1", "$2", "$3")} AND web.id_hash = $4
        """);

    /// <summary>The one rule for what is alive in every respect; its parameters stand for what <see cref="RuleValues"/> gives.</summary>
    static string Rule(string app, string now, string idleSince) => $"""
        web.app = {app} AND web.ends_at > {now} AND web.last_seen_at > {idleSince} AND session.ended_at IS NULL AND session.ends_at > {now} AND person.disabled_at IS NULL
        """;

    object[] RuleValues(DateTimeOffset now) => [party.App, now, now - options.Value.IdleTimeout];

    /// <summary>The session behind a cookie, if it is alive in every respect: one query.</summary>
    public Task<WebSessionRow?> FindAsync(byte[] idHash, CancellationToken cancellationToken) =>
        Look.FirstAsync(db, [.. RuleValues(clock.GetUtcNow()), idHash], row => new WebSessionRow
        {
            Id = row.GetGuid(0),
            User = new SessionUser(row.GetGuid(1), row.GetString(2), row.GetString(3), row.GetBoolean(4), row.GetBoolean(5)),
            CreatedAt = row.GetFieldValue<DateTimeOffset>(6),
            LastSeenAt = row.GetFieldValue<DateTimeOffset>(7),
            EndsAt = row.GetFieldValue<DateTimeOffset>(8),
            AuthTime = row.GetFieldValue<DateTimeOffset>(9),
            IdHash = idHash,
            Ticket = row.GetFieldValue<byte[]>(10),
            Tokens = row.GetFieldValue<byte[]>(11),
            TokenExpiresAt = row.GetFieldValue<DateTimeOffset?>(12),
            ActedBy = row.IsDBNull(13) ? null : new ActingAdministrator(row.GetString(13), row.GetString(14)),
        }, cancellationToken);

    /// <summary>Writes a new session and takes away those that it replaces; null where the provider's session has ended or the user is unknown or shut out.</summary>
    /// <returns>The <c>sid</c>.</returns>
    public async Task<Guid?> InsertAsync(NewSession session, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        if ((session.Foreign is { } foreign ? await foreign.BeginAsync(db, now, now + options.Value.AbsoluteLifetime, cancellationToken) : session.Sid) is not { } sid) return null;
        if (session.Foreign is not null) await SessionLimit.KeepAsync(db, options.Value, sid, now);
        // Only (issuer, subject) finds a person (OpenID Connect Core, 5.7), and only their own living session.
        var inserted = await db.Database.ExecuteSqlAsync($"""
            INSERT INTO web.sessions (id_hash, app, sid, issuer, subject, created_at, last_seen_at, ends_at, ticket, tokens, token_expires_at)
            SELECT {session.IdHash}, {party.App}, session.id, person.issuer, person.subject, {now}, {now},
                LEAST({now + options.Value.AbsoluteLifetime}, session.ends_at), {session.Ticket}, {session.Tokens}, {session.TokenExpiresAt}::timestamptz
            FROM identity.sessions AS session JOIN app.users AS person ON person.id = session.user_id
            WHERE session.id = {sid} AND session.ended_at IS NULL AND session.ends_at > {now}
                AND person.issuer = {session.Issuer} AND person.subject = {session.Subject} AND person.disabled_at IS NULL
            """, cancellationToken);
        if (inserted == 0) return null;
        if (session.Replaces.Length > 0) await EndReplacedAsync(session.Replaces, sid, session.Foreign is not null, cancellationToken);
        await db.WebSessions.Where(old => session.Replaces.Contains(old.IdHash) && old.App == party.App).ExecuteDeleteAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        foreach (var old in session.Replaces) feed.Tell(Change.WebSession(CookieHash.Of(old)));
        metrics.Started(party.App);
        return sid;
    }

    /// <summary>
    /// A session in which an administrator acts as somebody, or one of another provider that has no name there, was made for one cookie, and ends with it; the others
    /// are the provider's to end.
    /// </summary>
    Task<int> EndReplacedAsync(byte[][] replaced, Guid except, bool isForeign, CancellationToken cancellationToken) => db.Database.ExecuteSqlAsync($"""
        SELECT identity.end_session(web.sid, 'replaced') FROM web.sessions AS web JOIN identity.sessions AS session ON session.id = web.sid
        WHERE web.id_hash = ANY ({replaced}) AND web.app = {party.App} AND web.sid <> {except}
            AND (session.actor_id IS NOT NULL OR ({isForeign} AND session.foreign_sid IS NULL))
        """, cancellationToken);

    /// <summary>Takes away what stood behind a cookie.</summary>
    public async Task DeleteAsync(byte[] idHash, CancellationToken cancellationToken)
    {
        await db.WebSessions.Where(web => web.IdHash == idHash && web.App == party.App).ExecuteDeleteAsync(cancellationToken);
        feed.Tell(Change.WebSession(CookieHash.Of(idHash)));
    }

    /// <summary>Which of these are alive in every respect, and when each ends if it is not used until then.</summary>
    public async Task<Dictionary<CookieHash, DateTimeOffset>> AliveAsync(IReadOnlyCollection<CookieHash> hashes, CancellationToken cancellationToken)
    {
        var keys = hashes.Select(hash => hash.ToArray()).ToArray();
        var idleTimeout = options.Value.IdleTimeout;
        return await db.WebSessions.FromSqlRaw(Living, RuleValues(clock.GetUtcNow())).Where(web => keys.Contains(web.IdHash))
            .Select(web => new { web.IdHash, web.LastSeenAt, EndsAt = web.EndsAt < web.Session!.EndsAt ? web.EndsAt : web.Session.EndsAt })
            .ToDictionaryAsync(web => CookieHash.Of(web.IdHash), web => web.LastSeenAt + idleTimeout < web.EndsAt ? web.LastSeenAt + idleTimeout : web.EndsAt, cancellationToken);
    }
}

/// <summary>A living session as it is read, still encrypted. No record, so that it is never printed.</summary>
sealed class WebSessionRow
{
    public required Guid Id { get; init; }

    public required SessionUser User { get; init; }

    public required ActingAdministrator? ActedBy { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset LastSeenAt { get; init; }

    public required DateTimeOffset EndsAt { get; init; }

    public required DateTimeOffset AuthTime { get; init; }

    public required byte[] IdHash { get; init; }

    public required byte[] Ticket { get; init; }

    public required byte[] Tokens { get; init; }

    public required DateTimeOffset? TokenExpiresAt { get; init; }
}

/// <summary>What is written when someone signs in. No record, so that it is never printed.</summary>
sealed class NewSession
{
    public required byte[] IdHash { get; init; }

    /// <summary>The session that the provider has written; null where another provider's is to be.</summary>
    public Guid? Sid { get; init; }

    public ForeignSession? Foreign { get; init; }

    public required string Issuer { get; init; }

    public required string Subject { get; init; }

    public required byte[] Ticket { get; init; }

    public required byte[] Tokens { get; init; }

    public required DateTimeOffset? TokenExpiresAt { get; init; }

    /// <summary>Sessions of the same browser that end with this one.</summary>
    public required byte[][] Replaces { get; init; }
}
