using Lightning.Data;
using Lightning.Data.Authorizations;
using Lightning.Identity.Audit;
using Lightning.Identity.Clients;
using Lightning.Identity.Protocol;
using Lightning.Identity.Sessions;
using Lightning.Sessions;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Lightning.Identity.Tokens;

/// <summary>Refresh tokens: rotated at every use, in families whose end never moves (RFC 10017, 6.3.2.3; RFC 9700, 4.14.2).</summary>
sealed class RefreshTokens(LightningDb db, LiveSessions sessions, ClientGrants grants, IOptions<SessionsOptions> lifetimes, IOptions<RefreshTokenOptions> options,
    TimeProvider clock, AuditBook audit)
{
    static readonly Check<Presentation>[] Checks =
    [
        TokenIsYoung,
        SessionIsAlive,
        ScopeIsNotWider,
    ];

    static readonly PreparedStatement Rotation = new($"""
        WITH alive AS MATERIALIZED (
            SELECT {LiveSessions.Columns}
            FROM identity.refresh_tokens AS token JOIN identity.sessions AS session ON session.id = token.sid JOIN app.users AS person ON person.id = session.user_id
            WHERE token.token_hash = $6 AND token.client_id = $7 AND token.expires_at > $2 AND {LiveSessions.Rule("$1", "$2", "$3", "$4", "$5")}
            FOR NO KEY UPDATE OF session),
        used AS (
            UPDATE identity.refresh_tokens AS token SET used_at = $2 FROM alive
            WHERE token.token_hash = $6 AND token.sid = alive.id AND token.used_at IS NULL AND token.revoked_at IS NULL
                AND EXISTS (SELECT FROM identity.grants AS given WHERE given.id = token.family AND given.revoked_at IS NULL)
            RETURNING token.family, token.client_id, token.sid, token.scope, token.family_ends_at),
        written AS (
            INSERT INTO identity.refresh_tokens (token_hash, family, client_id, sid, scope, created_at, expires_at, family_ends_at)
            SELECT $8, family, client_id, sid, scope, $2, least($9, family_ends_at), family_ends_at FROM used),
        entered AS (
            INSERT INTO audit.entries (at, action, user_id, session_id, subject_type, subject_id, ip, trace_id)
            SELECT $2, $10, alive.user_id, alive.id, $11, used.client_id, $12, $13 FROM used JOIN alive ON alive.id = used.sid)
        SELECT alive.*, used.family, used.scope FROM used JOIN alive ON alive.id = used.sid
        """);

    // RFC 10017, 6.3.2.3.
    static ProtocolError? TokenIsYoung(Presentation presentation) =>
        presentation.Token.ExpiresAt > presentation.Now ? null : ProtocolError.InvalidGrant("The refresh token has ended.");

    // RFC 10017, 6.3.2.3: lives and dies with the session here.
    static ProtocolError? SessionIsAlive(Presentation presentation) => presentation.Session is null ? ProtocolError.InvalidGrant("The session has ended.") : null;

    // RFC 6749, 6.
    static ProtocolError? ScopeIsNotWider(Presentation presentation) =>
        presentation.Scope.Split(' ').Except(presentation.Token.Scope.Split(' '), StringComparer.Ordinal).Any()
            ? ProtocolError.InvalidScope("scope holds what was not granted.") : null;

    /// <summary>Begins a grant, and with it a family. Written in the caller's transaction, which has locked the session.</summary>
    /// <returns>The family's first token; null where none was asked for.</returns>
    public async Task<string?> BeginFamilyAsync(Client client, Guid family, string scope, LiveSession session)
    {
        grants.Begin(client, family, session);
        await db.SaveChangesAsync();
        if (!client.GrantTypes.Contains(GrantTypes.RefreshToken) || !scope.Split(' ').Contains(Scopes.OfflineAccess, StringComparer.Ordinal)) return null;
        return await WriteAsync(client.Id, family, session.Id, scope, session.EndsAt);
    }

    /// <summary>Uses a token up for the next one, or says why it is no good. Not cancelled with the request: half a rotation would end the session at the next one.</summary>
    public async Task<(Grant? Grant, ProtocolError? Fault)> RotateAsync(Client client, string presented, string? scope)
    {
        var hash = Secrets.Hash(presented);
        return scope is null && await TryRotateAsync(client.Id, hash) is { } grant ? (grant, null) : await RotateOrRefuseAsync(client.Id, hash, scope);
    }

    /// <summary>
    /// Nearly every use: nothing is amiss with it. One statement looks at the session, by the one rule there is for that and under its lock, spends the
    /// token, writes the next one and the line of the book. Null where anything at all speaks against it: then <see cref="RotateOrRefuseAsync"/> finds out what.
    /// </summary>
    async Task<Grant?> TryRotateAsync(string clientId, byte[] hash)
    {
        var (now, next) = (clock.GetUtcNow(), Secrets.Create());
        var line = audit.Write("refreshed", userId: null, sid: null, ("client", clientId));
        var grant = await Rotation.FirstAsync(db, [.. sessions.RuleValues(now), hash, clientId, Secrets.Hash(next), now + lifetimes.Value.IdleTimeout, line.Action, line.SubjectType, line.Ip, line.TraceId],
            row => new Grant(row.GetString(13), LiveSessions.Read(row), row.GetGuid(12)) { RefreshToken = next }, CancellationToken.None);
        if (grant?.Session is not { } session) return null;
        await sessions.TouchAsync(session);
        audit.Done(audit.Write(line.Action, session.UserId, session.Id, ("client", clientId)), Events.Refreshed);
        return grant;
    }

    async Task<(Grant? Grant, ProtocolError? Fault)> RotateOrRefuseAsync(string clientId, byte[] hash, string? scope)
    {
        var now = clock.GetUtcNow();
        var known = db.RefreshTokens.AsNoTracking().Where(row => row.TokenHash == hash && row.ClientId == clientId);
        if (await known.Select(row => (Guid?)row.SessionId).SingleOrDefaultAsync() is not { } sid) return (null, ProtocolError.InvalidGrant("The refresh token is not known."));

        await using var transaction = await db.Database.BeginTransactionAsync();
        // One at a time in a session, so that of any number of parallel uses each sees what the one before it did, and an end of the session is never overtaken.
        await sessions.LockAsync(sid);
        var (token, isGranted) = await known.Select(row => ValueTuple.Create(row, db.Grants.Any(grant => grant.Id == row.Family && grant.RevokedAt == null))).SingleAsync();
        // What its own client gave back is refused and no more: nobody stole it, and the session is others' too.
        if (!isGranted) return (null, ProtocolError.InvalidGrant("The refresh token was revoked."));
        if (token.RevokedAt is not null || (token.UsedAt is not null && !await IsWithinLeewayAsync(token, now)))
        {
            var reused = await sessions.EndAsync(sid, "refresh-token-reuse") ? audit.Enter("refresh-token-reused", await OwnerAsync(sid), sid, ("client", clientId)) : null;
            await db.SaveChangesAsync();
            await transaction.CommitAsync();
            if (reused is not null) audit.Done(reused, Events.RefreshTokenReused);
            return (null, ProtocolError.InvalidGrant("The refresh token was used before, or revoked."));
        }

        var session = await sessions.FindAsync(sid, CancellationToken.None);
        if (Checks.FirstFault(new Presentation(token, session, scope ?? token.Scope, now)) is { } fault) return (null, fault);

        if (token.UsedAt is null)
            await db.RefreshTokens.Where(row => row.TokenHash == hash).ExecuteUpdateAsync(update => update.SetProperty(row => row.UsedAt, now));
        else
            // The successor that was lost on its way must not live beside the one that replaces it.
            await db.RefreshTokens.Where(row => row.Family == token.Family && row.UsedAt == null && row.RevokedAt == null)
                .ExecuteUpdateAsync(update => update.SetProperty(row => row.RevokedAt, now));
        // Saved with the next token, in one go.
        var refreshed = audit.Enter("refreshed", session!.UserId, sid, ("client", clientId));
        var next = await WriteAsync(clientId, token.Family, sid, token.Scope, token.FamilyEndsAt);
        await sessions.TouchAsync(session);
        await transaction.CommitAsync();
        audit.Done(refreshed, Events.Refreshed);
        return (new Grant(scope ?? token.Scope, session, token.Family) { RefreshToken = next }, null);
    }

    Task<Guid> OwnerAsync(Guid sid) => db.Sessions.Where(session => session.Id == sid).Select(session => session.UserId).SingleAsync();

    /// <summary>Whether this token was the last of its family to be used, and only just: its successor was lost on the way.</summary>
    async Task<bool> IsWithinLeewayAsync(RefreshToken token, DateTimeOffset now) =>
        now < token.UsedAt + options.Value.RefreshReuseLeeway &&
        !await db.RefreshTokens.AnyAsync(row => row.Family == token.Family && row.UsedAt > token.UsedAt);

    async Task<string> WriteAsync(string clientId, Guid family, Guid sid, string scope, DateTimeOffset familyEndsAt)
    {
        var (token, now) = (Secrets.Create(), clock.GetUtcNow());
        var idleEnd = now + lifetimes.Value.IdleTimeout;
        db.RefreshTokens.Add(new RefreshToken
        {
            TokenHash = Secrets.Hash(token),
            Family = family,
            ClientId = clientId,
            SessionId = sid,
            Scope = scope,
            CreatedAt = now,
            ExpiresAt = idleEnd < familyEndsAt ? idleEnd : familyEndsAt,
            FamilyEndsAt = familyEndsAt,
        });
        await db.SaveChangesAsync();
        return token;
    }

    sealed record Presentation(RefreshToken Token, LiveSession? Session, string Scope, DateTimeOffset Now);
}
