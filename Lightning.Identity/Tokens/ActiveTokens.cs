using Lightning.Data;
using Lightning.Data.Authorizations;
using Lightning.Identity.Clients;
using Lightning.Identity.Secrets;
using Lightning.Identity.Sessions;
using Microsoft.EntityFrameworkCore;
using Microsoft.IdentityModel.JsonWebTokens;

namespace Lightning.Identity.Tokens;

/// <summary>An active access token and its session; the session is null for client credentials.</summary>
sealed record ActiveAccessToken(JsonWebToken Token, ProviderSession? Session);

/// <summary>A refresh token that can be used now.</summary>
sealed record ActiveRefreshToken(RefreshToken Token, ProviderSession Session);

/// <summary>
/// Looks up whether tokens are active in the sense of RFC 7662: a valid signature is not enough, the session and the
/// grant must be active too.
/// </summary>
sealed class ActiveTokens(
    LightningDb db,
    ProviderSessions sessions,
    ClientGrants grants,
    ClientRegistry clients,
    TokenFactory tokens,
    TimeProvider clock
)
{
    /// <summary>
    /// Returns the access token if it was issued here, has not expired, and its session and grant are active. A client
    /// credentials token is active as long as its client may use that grant.
    /// </summary>
    public async Task<ActiveAccessToken?> FindAccessTokenAsync(string token, CancellationToken cancellationToken)
    {
        if (await tokens.ReadAccessTokenAsync(token, cancellationToken) is not { } read)
            return null;
        if (!read.TryGetClaim("sid", out var sid))
            return clients.Find(read.Subject)?.GrantTypes.Contains(GrantTypes.ClientCredentials) == true
                ? new ActiveAccessToken(read, null)
                : null;
        return
            TokenFactory.GrantIdOf(read) is { } grant
            && await grants.IsActiveAsync(grant, cancellationToken)
            && await sessions.FindAsync(Guid.Parse(sid.Value), cancellationToken) is { } session
            ? new ActiveAccessToken(read, session)
            : null;
    }

    /// <summary>Returns the refresh token if it can be used.</summary>
    public async Task<ActiveRefreshToken?> FindRefreshTokenAsync(string token, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        return
            await FindAnyRefreshTokenAsync(token, cancellationToken) is { UsedAt: null, RevokedAt: null } row
            && row.ExpiresAt > now
            && await sessions.FindAsync(row.SessionId, cancellationToken) is { } session
            ? new ActiveRefreshToken(row, session)
            : null;
    }

    /// <summary>Returns the refresh token even if it was used, revoked or has expired.</summary>
    public Task<RefreshToken?> FindAnyRefreshTokenAsync(string token, CancellationToken cancellationToken)
    {
        var hash = Secret.Hash(token);
        return db.RefreshTokens.AsNoTracking().SingleOrDefaultAsync(row => row.TokenHash == hash, cancellationToken);
    }
}
