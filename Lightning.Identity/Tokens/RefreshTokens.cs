using Lightning.Data;
using Lightning.Data.Authorizations;
using Lightning.Identity.Audit;
using Lightning.Identity.Clients;
using Lightning.Identity.Requests;
using Lightning.Identity.Secrets;
using Lightning.Identity.Sessions;
using Lightning.Sessions;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Lightning.Identity.Tokens;

/// <summary>
/// Refresh tokens: rotated at every use, in families with a fixed end (RFC 10017, 6.3.2.3; RFC 9700, 4.14.2).
/// </summary>
sealed class RefreshTokens(
    LightningDb db,
    ProviderSessions sessions,
    ClientGrants grants,
    IOptions<SessionsOptions> lifetimes,
    IOptions<RefreshTokenOptions> options,
    TimeProvider clock,
    AuditLog audit
)
{
    static readonly RequestCheck<RefreshRequest>[] Checks = [TokenIsNotExpired, SessionIsActive, ScopeIsGranted];

    const string Refreshed = "refreshed";

    static readonly string Active = ProviderSessions.ActiveCondition("$1", "$2", "$3", "$4", "$5");

    static readonly PreparedStatement Rotation = new(
        $"""
        WITH alive AS MATERIALIZED (
            SELECT {ProviderSessions.Columns}
            FROM identity.refresh_tokens AS token JOIN identity.sessions AS session ON session.id = token.sid
                JOIN app.users AS person ON person.id = session.user_id
            WHERE token.token_hash = $6 AND token.client_id = $7 AND token.expires_at > $2 AND {Active}
            FOR NO KEY UPDATE OF session),
        used AS (
            UPDATE identity.refresh_tokens AS token SET used_at = coalesce(token.used_at, $2) FROM alive
            WHERE token.token_hash = $6 AND token.sid = alive.id AND (token.used_at IS NULL OR $14)
                AND token.revoked_at IS NULL
                AND EXISTS (SELECT FROM identity.grants AS given WHERE given.id = token.family
                    AND given.revoked_at IS NULL)
            RETURNING token.family, token.client_id, token.sid, token.scope, token.family_ends_at),
        written AS (
            INSERT INTO identity.refresh_tokens (token_hash, family, client_id, sid, scope, created_at, expires_at,
                family_ends_at)
            SELECT $8, family, client_id, sid, scope, $2, least($9, family_ends_at), family_ends_at FROM used),
        entered AS (
            INSERT INTO audit.entries (at, action, user_id, session_id, subject_type, subject_id, ip, trace_id)
            SELECT $2, $10, alive.user_id, alive.id, $11, used.client_id, $12, $13 FROM used JOIN alive
                ON alive.id = used.sid)
        SELECT alive.*, used.family, used.scope FROM used JOIN alive ON alive.id = used.sid
        """
    );

    // RFC 10017, 6.3.2.3.
    static ProtocolError? TokenIsNotExpired(RefreshRequest request) =>
        request.Token.ExpiresAt > request.Now ? null : ProtocolError.InvalidGrant("The refresh token has expired.");

    // RFC 10017, 6.3.2.3: here, refresh tokens end with their session.
    static ProtocolError? SessionIsActive(RefreshRequest request) =>
        request.Session is null ? ProtocolError.InvalidGrant("The session has ended.") : null;

    // RFC 6749, 6.
    static ProtocolError? ScopeIsGranted(RefreshRequest request) =>
        request.Scope.Split(' ').Except(request.Token.Scope.Split(' '), StringComparer.Ordinal).Any()
            ? ProtocolError.InvalidScope("scope contains a scope that was not granted.")
            : null;

    /// <summary>
    /// Adds a grant and its token family. Runs in the caller's transaction, which must have locked the session.
    /// </summary>
    /// <returns>
    /// The first refresh token; null if the client may not have one or did not request <c>offline_access</c>.
    /// </returns>
    public async Task<string?> BeginFamilyAsync(Client client, Guid family, string scope, ProviderSession session)
    {
        grants.Add(client, family, session);
        await db.SaveChangesAsync();
        if (
            !client.GrantTypes.Contains(GrantTypes.RefreshToken)
            || !scope.Split(' ').Contains(Scopes.OfflineAccess, StringComparer.Ordinal)
        )
            return null;
        var (token, now) = (Secret.Create(), clock.GetUtcNow());
        var idleEnd = now + lifetimes.Value.IdleTimeout;
        db.RefreshTokens.Add(
            new RefreshToken
            {
                TokenHash = Secret.Hash(token),
                Family = family,
                ClientId = client.Id,
                SessionId = session.Id,
                Scope = scope,
                CreatedAt = now,
                ExpiresAt = idleEnd < session.EndsAt ? idleEnd : session.EndsAt,
                FamilyEndsAt = session.EndsAt,
            }
        );
        await db.SaveChangesAsync();
        return token;
    }

    /// <summary>
    /// Exchanges a refresh token for the next one, or says why it is refused. Not cancelled with the request: an
    /// incomplete rotation would look like reuse at the next attempt.
    /// </summary>
    public async Task<(Grant? Grant, ProtocolError? Error)> RotateAsync(Client client, string presented, string? scope)
    {
        var hash = Secret.Hash(presented);
        // The common case is one statement. If it changes no row, or a narrower scope is requested, check step by step.
        if (scope is not null || await WriteNextAsync(client.Id, hash, isReuse: false) is not { } grant)
            return await CheckAndRotateAsync(client.Id, hash, scope);
        AfterRotation(client.Id, grant);
        return (grant, null);
    }

    /// <summary>
    /// Locks the active session, marks the token as used, and writes the next token and the audit entry. Returns null,
    /// and writes nothing, if the session or the grant is not active or the token cannot be used.
    /// </summary>
    /// <param name="clientId">The client.</param>
    /// <param name="hash">The hash of the presented token.</param>
    /// <param name="isReuse">Whether the token may have been used before: its reuse is within the leeway.</param>
    async Task<Grant?> WriteNextAsync(string clientId, byte[] hash, bool isReuse)
    {
        var (now, next) = (clock.GetUtcNow(), Secret.Create());
        var entry = audit.Create(Refreshed, userId: null, sid: null, ("client", clientId));
        var grant = await Rotation.FirstAsync(
            db.Database,
            [
                .. sessions.ActiveParameters(now),
                hash,
                clientId,
                Secret.Hash(next),
                now + lifetimes.Value.IdleTimeout,
                entry.Action,
                entry.SubjectType,
                entry.Ip,
                entry.TraceId,
                isReuse,
            ],
            row => new Grant(
                row.GetString(row.GetOrdinal("scope")),
                ProviderSessions.Read(row),
                row.GetGuid(row.GetOrdinal("family"))
            )
            {
                RefreshToken = next,
            },
            CancellationToken.None
        );
        if (grant?.Session is { } session)
            await sessions.TouchAsync(session);
        return grant;
    }

    void AfterRotation(string clientId, Grant grant) =>
        audit.AfterCommit(
            audit.Create(Refreshed, grant.Session!.UserId, grant.Session.Id, ("client", clientId)),
            Events.Refreshed
        );

    async Task<(Grant? Grant, ProtocolError? Error)> CheckAndRotateAsync(string clientId, byte[] hash, string? scope)
    {
        var now = clock.GetUtcNow();
        var known = db.RefreshTokens.AsNoTracking().Where(row => row.TokenHash == hash && row.ClientId == clientId);
        if (await known.Select(row => (Guid?)row.SessionId).SingleOrDefaultAsync() is not { } sid)
            return (null, ProtocolError.InvalidGrant("The refresh token is unknown."));

        await using var transaction = await db.Database.BeginTransactionAsync();
        // Serializes uses of a session's tokens, so that each sees the result of the one before, and with the end of
        // the session.
        await sessions.LockAsync(sid);
        var (token, isGranted) = await known
            .Select(row =>
                ValueTuple.Create(row, db.Grants.Any(grant => grant.Id == row.Family && grant.RevokedAt == null))
            )
            .SingleAsync();
        // A token that its own client revoked is only refused: it was not stolen, and other clients share the session.
        if (!isGranted)
            return (null, ProtocolError.InvalidGrant("The refresh token was revoked."));
        if (token.RevokedAt is not null || (token.UsedAt is not null && !await IsWithinLeewayAsync(token, now)))
        {
            var reused = await sessions.EndAsync(sid, "refresh-token-reuse")
                ? audit.Add("refresh-token-reused", await OwnerAsync(sid), sid, ("client", clientId))
                : null;
            await db.SaveChangesAsync();
            await transaction.CommitAsync();
            if (reused is not null)
                audit.AfterCommit(reused, Events.RefreshTokenReused);
            return (null, ProtocolError.InvalidGrant("The refresh token was used before, or revoked."));
        }

        var session = await sessions.FindAsync(sid, CancellationToken.None);
        if (Checks.FirstError(new RefreshRequest(token, session, scope ?? token.Scope, now)) is { } error)
            return (null, error);

        // Revoke the successor that the client never received, because a new one replaces it.
        if (token.UsedAt is not null)
            await db
                .RefreshTokens.Where(row => row.Family == token.Family && row.UsedAt == null && row.RevokedAt == null)
                .ExecuteUpdateAsync(update => update.SetProperty(row => row.RevokedAt, now));
        if (await WriteNextAsync(clientId, hash, isReuse: token.UsedAt is not null) is not { } grant)
            return (null, ProtocolError.InvalidGrant("The session has ended, or the refresh token has expired."));
        await transaction.CommitAsync();
        AfterRotation(clientId, grant);
        return (grant with { Scope = scope ?? token.Scope }, null);
    }

    Task<Guid> OwnerAsync(Guid sid) =>
        db.Sessions.Where(session => session.Id == sid).Select(session => session.UserId).SingleAsync();

    /// <summary>
    /// Whether this was the last used token of its family and its use is within the leeway, so the client probably lost
    /// the response.
    /// </summary>
    async Task<bool> IsWithinLeewayAsync(RefreshToken token, DateTimeOffset now) =>
        now < token.UsedAt + options.Value.RefreshReuseLeeway
        && !await db.RefreshTokens.AnyAsync(row => row.Family == token.Family && row.UsedAt > token.UsedAt);

    sealed record RefreshRequest(RefreshToken Token, ProviderSession? Session, string Scope, DateTimeOffset Now);
}
