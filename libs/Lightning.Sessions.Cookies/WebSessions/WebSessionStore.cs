using Lightning.Sessions.Cookies.ExternalProvider;
using Lightning.Sessions.Feed;
using Lightning.Sessions.Model;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Lightning.Sessions.Cookies.WebSessions;

/// <summary>
/// The <c>web.sessions</c> of one application. A row is inserted once and only updated while its session is active, so
/// an ended session cannot come back.
/// </summary>
public sealed class WebSessionStore(
    ISessionContext db,
    TimeProvider clock,
    RelyingParty party,
    IOptions<SessionsOptions> options,
    SessionLimit limit,
    SessionFeed feed,
    SessionMetrics metrics
)
{
    const string Tables = """
        web.sessions AS web JOIN identity.sessions AS session ON session.id = web.sid
            JOIN app.users AS person ON person.id = session.user_id
        """;
    static readonly string FindActive = $"""
        SELECT web.id_hash, web.last_seen_at, least(web.ends_at, session.ends_at) AS ends_at
        FROM {Tables} WHERE {IsActive("{0}", "{1}", "{2}")} AND web.id_hash = ANY ({"{3}"})
        """;
    static readonly string IsActiveByPosition = IsActive("$1", "$2", "$3");
    static readonly PreparedStatement FindSession = new(
        $"""
        SELECT session.id, person.id, person.name, person.email, person.email_verified, person.is_admin,
            web.created_at, web.last_seen_at, least(web.ends_at, session.ends_at),
            web.issuer, web.subject, web.ticket, web.tokens, web.token_expires_at, actor.subject, actor.name,
            session.actor_may_write
        FROM {Tables} LEFT JOIN app.users AS actor ON actor.id = session.actor_id
        WHERE {IsActiveByPosition} AND web.id_hash = $4
        """
    );

    /// <summary>
    /// The condition of an active session, with placeholders for the values of <see cref="ActiveParameters"/>.
    /// </summary>
    static string IsActive(string app, string now, string idleSince) =>
        $"""
            web.app = {app} AND web.ends_at > {now} AND web.last_seen_at > {idleSince}
                AND {ActiveSessions.Condition(now)} AND person.disabled_at IS NULL
            """;

    object[] ActiveParameters(DateTimeOffset now) => [party.App, now, now - options.Value.IdleTimeout];

    /// <summary>The active session of a cookie, by one query; null if there is none.</summary>
    internal Task<WebSessionRow?> FindAsync(byte[] idHash, CancellationToken cancellationToken) =>
        FindSession.FirstAsync(
            db.Database,
            [.. ActiveParameters(clock.GetUtcNow()), idHash],
            row => new WebSessionRow
            {
                Id = row.GetGuid(0),
                User = new SessionUser(
                    row.GetGuid(1),
                    row.GetString(2),
                    row.GetString(3),
                    row.GetBoolean(4),
                    row.GetBoolean(5)
                ),
                CreatedAt = row.GetFieldValue<DateTimeOffset>(6),
                LastSeenAt = row.GetFieldValue<DateTimeOffset>(7),
                EndsAt = row.GetFieldValue<DateTimeOffset>(8),
                Owner = new WebSessionOwner(idHash, party.App, row.GetGuid(0), row.GetString(9), row.GetString(10)),
                Ticket = row.GetFieldValue<byte[]>(11),
                Tokens = row.GetFieldValue<byte[]>(12),
                TokenExpiresAt = row.GetFieldValue<DateTimeOffset?>(13),
                Impersonator = row.IsDBNull(14)
                    ? null
                    : new Impersonator(row.GetString(14), row.GetString(15), row.GetBoolean(16)),
            },
            cancellationToken
        );

    /// <summary>
    /// Inserts a session and deletes those that it replaces.
    /// </summary>
    /// <returns>The <c>sid</c>; null if the provider's session has ended or the user is unknown or disabled.</returns>
    internal async Task<Guid?> InsertAsync(NewSession session, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var latestEnd = now + options.Value.AbsoluteLifetime;
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var started = session.External is { } external
            ? await external.BeginAsync(db, now, latestEnd, cancellationToken)
            : session.Sid;
        if (started is not { } sid)
            return null;
        if (session.External is not null)
            await limit.KeepAsync(sid, now);
        var ticket = session.ProtectTicket(
            new WebSessionOwner(session.IdHash, party.App, sid, session.Issuer, session.Subject)
        );
        // Only (issuer, subject) identifies a user (OpenID Connect Core 1.0, 5.7).
        var inserted = await db.Database.ExecuteSqlAsync(
            $"""
            INSERT INTO web.sessions (id_hash, app, sid, issuer, subject, created_at, last_seen_at, ends_at, ticket,
                tokens, token_expires_at)
            SELECT {session.IdHash}, {party.App}, session.id, person.issuer, person.subject, {now}, {now},
                LEAST({latestEnd}, session.ends_at), {ticket}, {session.Tokens},
                {session.TokenExpiresAt}::timestamptz
            FROM identity.sessions AS session JOIN app.users AS person ON person.id = session.user_id
            WHERE session.id = {sid} AND session.ended_at IS NULL AND session.ends_at > {now}
                AND person.issuer = {session.Issuer} AND person.subject = {session.Subject}
                    AND person.disabled_at IS NULL
            """,
            cancellationToken
        );
        if (inserted == 0)
            return null;
        if (session.Replaces.Length > 0)
            await EndReplacedAsync(session.Replaces, sid, session.External is not null, cancellationToken);
        await db.Database.ExecuteSqlAsync(
            $"DELETE FROM web.sessions WHERE id_hash = ANY ({session.Replaces}) AND app = {party.App}",
            cancellationToken
        );
        await transaction.CommitAsync(cancellationToken);
        foreach (var old in session.Replaces)
            feed.Publish(SessionChange.WebSession(CookieHash.FromBytes(old)));
        metrics.Started(party.App);
        return sid;
    }

    /// <summary>
    /// Ends replaced sessions that exist for their cookie only: impersonations, and sessions of an external provider
    /// without a <c>sid</c>. The provider ends all others.
    /// </summary>
    Task<int> EndReplacedAsync(byte[][] replaced, Guid except, bool isExternal, CancellationToken cancellationToken) =>
        db.Database.ExecuteSqlAsync(
            $"""
            SELECT identity.end_session(web.sid, 'replaced') FROM web.sessions AS web JOIN identity.sessions AS session
                ON session.id = web.sid
            WHERE web.id_hash = ANY ({replaced}) AND web.app = {party.App} AND web.sid <> {except}
                AND (session.actor_id IS NOT NULL OR ({isExternal} AND session.foreign_sid IS NULL))
            """,
            cancellationToken
        );

    /// <summary>Deletes the web session of a cookie; the session at the provider stays.</summary>
    internal async Task DeleteAsync(byte[] idHash, CancellationToken cancellationToken)
    {
        await db.Database.ExecuteSqlAsync(
            $"DELETE FROM web.sessions WHERE id_hash = {idHash} AND app = {party.App}",
            cancellationToken
        );
        feed.Publish(SessionChange.WebSession(CookieHash.FromBytes(idHash)));
    }

    /// <summary>The active ones of these sessions, and when each expires unless it is used (UTC).</summary>
    internal async Task<Dictionary<CookieHash, DateTimeOffset>> FindActiveAsync(
        IReadOnlyCollection<CookieHash> hashes,
        CancellationToken cancellationToken
    )
    {
        var keys = hashes.Select(hash => hash.ToArray()).ToArray();
        var idleTimeout = options.Value.IdleTimeout;
        var active = await db
            .Database.SqlQueryRaw<ActiveWebSession>(FindActive, [.. ActiveParameters(clock.GetUtcNow()), keys])
            .ToListAsync(cancellationToken);
        return active.ToDictionary(
            web => CookieHash.FromBytes(web.IdHash),
            web => web.LastSeenAt + idleTimeout < web.EndsAt ? web.LastSeenAt + idleTimeout : web.EndsAt
        );
    }

    /// <summary>An active session, which ends when it or the provider's session expires.</summary>
    sealed record ActiveWebSession(byte[] IdHash, DateTimeOffset LastSeenAt, DateTimeOffset EndsAt);
}

/// <summary>An active session with encrypted values. Not a record, so that it is never logged by accident.</summary>
sealed class WebSessionRow
{
    public required Guid Id { get; init; }

    public required SessionUser User { get; init; }

    public required Impersonator? Impersonator { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset LastSeenAt { get; init; }

    public required DateTimeOffset EndsAt { get; init; }

    public required WebSessionOwner Owner { get; init; }

    public required byte[] Ticket { get; init; }

    public required byte[] Tokens { get; init; }

    public required DateTimeOffset? TokenExpiresAt { get; init; }
}

/// <summary>The values of a new session. Not a record, so that they are never logged by accident.</summary>
sealed class NewSession
{
    public required byte[] IdHash { get; init; }

    /// <summary>The session that Lightning.Identity has created; null with an external provider.</summary>
    public Guid? Sid { get; init; }

    /// <summary>The session to create with an external provider; null with Lightning.Identity.</summary>
    public ExternalSignIn? External { get; init; }

    public required string Issuer { get; init; }

    public required string Subject { get; init; }

    /// <summary>Encrypts the ticket for the row.</summary>
    public required Func<WebSessionOwner, byte[]> ProtectTicket { get; init; }

    public required byte[] Tokens { get; init; }

    public required DateTimeOffset? TokenExpiresAt { get; init; }

    /// <summary>The cookie hashes of the browser's previous sessions.</summary>
    public required byte[][] Replaces { get; init; }
}
