using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Lightning.Sessions.Model;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Sessions.Cookies.ExternalProvider;

/// <summary>
/// The session ids that an external provider has ended. A logout token may arrive before the sign-in that it ends has
/// written its session, so the <c>sid</c> is stored for as long as the authorization code could be redeemed. An
/// advisory lock serializes the two.
/// </summary>
sealed class RevokedSids(ISessionContext db)
{
    static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(15);

    /// <summary>Blocks new sessions of the <c>sid</c>, in the transaction that ends the current ones.</summary>
    public async Task RevokeAsync(string issuer, string sid, DateTimeOffset now)
    {
        var hash = await LockAsync(issuer, sid);
        var expiresAt = now + Lifetime;
        await db.Database.ExecuteSqlAsync(
            $"""
            INSERT INTO identity.seen_tokens (hash, expires_at) VALUES ({hash}, {expiresAt})
                ON CONFLICT DO NOTHING
            """
        );
    }

    /// <summary>Whether the provider has ended the session, in the transaction that starts it.</summary>
    public async Task<bool> IsRevokedAsync(string issuer, string sid, DateTimeOffset now)
    {
        var hash = await LockAsync(issuer, sid);
        return await db.SeenTokens.AnyAsync(seen => seen.Hash == hash && seen.ExpiresAt > now);
    }

    async Task<byte[]> LockAsync(string issuer, string sid)
    {
        var hash = SHA256.HashData(
            Encoding.UTF8.GetBytes(JsonSerializer.Serialize(new[] { "ended-sid", issuer, sid }))
        );
        await db.Database.ExecuteSqlAsync($"SELECT pg_advisory_xact_lock({BitConverter.ToInt64(hash)})");
        return hash;
    }
}
