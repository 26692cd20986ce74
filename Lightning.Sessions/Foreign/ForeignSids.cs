using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Lightning.Data;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Sessions.Foreign;

/// <summary>
/// Sessions that another provider has ended. Its logout token may overtake a sign-in that is under way, whose session is not there yet to be ended:
/// so that its name is remembered for as long as a code could still be redeemed, and the two wait for each other.
/// </summary>
sealed class ForeignSids(LightningDb db)
{
    static readonly TimeSpan RememberFor = TimeSpan.FromMinutes(15);

    /// <summary>No session of that name begins any more. Stands in the transaction that ends the one there may be.</summary>
    public async Task ShutAsync(string issuer, string sid, DateTimeOffset now)
    {
        var hash = await LockAsync(issuer, sid);
        await db.Database.ExecuteSqlAsync($"INSERT INTO identity.seen_tokens (hash, expires_at) VALUES ({hash}, {now + RememberFor}) ON CONFLICT DO NOTHING");
    }

    /// <summary>Whether the provider has ended it. Stands in the transaction that begins one.</summary>
    public async Task<bool> IsShutAsync(string issuer, string sid, DateTimeOffset now)
    {
        var hash = await LockAsync(issuer, sid);
        return await db.SeenTokens.AnyAsync(seen => seen.Hash == hash && seen.ExpiresAt > now);
    }

    async Task<byte[]> LockAsync(string issuer, string sid)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(JsonSerializer.Serialize(new[] { "ended-sid", issuer, sid })));
        await db.Database.ExecuteSqlAsync($"SELECT pg_advisory_xact_lock({BitConverter.ToInt64(hash)})");
        return hash;
    }
}
