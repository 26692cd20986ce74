using Lightning.Data;
using Lightning.Data.Authorizations;
using Lightning.Identity.Clients;
using Lightning.Identity.Sessions;
using Microsoft.EntityFrameworkCore;
using Microsoft.IdentityModel.JsonWebTokens;

namespace Lightning.Identity.Tokens;

/// <summary>An access token that is good, and for which session; null where it is a client's own.</summary>
sealed record LiveAccessToken(JsonWebToken Token, LiveSession? Session);

/// <summary>A refresh token that could be used now.</summary>
sealed record LiveRefreshToken(RefreshToken Token, LiveSession Session);

/// <summary>What tokens are worth at this moment: a signature alone says what they were worth when they were made.</summary>
sealed class LiveTokens(LightningDb db, LiveSessions sessions, ClientGrants grants, ClientRegistry clients, TokenFactory tokens, TimeProvider clock)
{
    /// <summary>The access token, if it is ours, has not ended, and neither its session nor its grant has; or if the client that it was made for still may have such.</summary>
    public async Task<LiveAccessToken?> FindAccessTokenAsync(string token, CancellationToken cancellationToken)
    {
        if (await tokens.ReadAccessTokenAsync(token, cancellationToken) is not { } read) return null;
        if (!read.TryGetClaim("sid", out var sid))
            return clients.Find(read.Subject)?.GrantTypes.Contains(GrantTypes.ClientCredentials) == true ? new LiveAccessToken(read, null) : null;
        return TokenFactory.GrantOf(read) is { } grant && await grants.IsAliveAsync(grant, cancellationToken)
            && await sessions.FindAsync(Guid.Parse(sid.Value), cancellationToken) is { } session ? new LiveAccessToken(read, session) : null;
    }

    /// <summary>The refresh token, if it can be used.</summary>
    public async Task<LiveRefreshToken?> FindRefreshTokenAsync(string token, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        return await FindSpentRefreshTokenAsync(token, cancellationToken) is { UsedAt: null, RevokedAt: null } row && row.ExpiresAt > now
            && await sessions.FindAsync(row.SessionId, cancellationToken) is { } session ? new LiveRefreshToken(row, session) : null;
    }

    /// <summary>The refresh token, whether it was used, revoked or not.</summary>
    public Task<RefreshToken?> FindSpentRefreshTokenAsync(string token, CancellationToken cancellationToken)
    {
        var hash = Secrets.Hash(token);
        return db.RefreshTokens.AsNoTracking().SingleOrDefaultAsync(row => row.TokenHash == hash, cancellationToken);
    }
}
