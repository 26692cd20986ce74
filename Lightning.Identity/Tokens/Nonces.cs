using Lightning.Data;
using Lightning.Data.Authorizations;
using Lightning.Identity.Clients;
using Lightning.Identity.Secrets;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Identity.Tokens;

/// <summary>
/// Nonces for token exchange: a client sends one to an upstream provider, and it is valid once when it returns in the
/// ID token.
/// </summary>
sealed class Nonces(LightningDb db, TimeProvider clock)
{
    /// <summary>The time that a user may take to sign in at the upstream provider.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(15);

    public async Task<string> IssueAsync(Client client, CancellationToken cancellationToken)
    {
        var (nonce, now) = (Secret.Create(), clock.GetUtcNow());
        db.AuthorizationHandles.Add(
            new AuthorizationHandle
            {
                HandleHash = Secret.Hash(nonce),
                Kind = AuthorizationKind.Nonce,
                ClientId = client.Id,
                Parameters = "{}",
                CreatedAt = now,
                ExpiresAt = now + Lifetime,
            }
        );
        await db.SaveChangesAsync(cancellationToken);
        return nonce;
    }

    /// <summary>
    /// Marks a nonce as used. Returns false if it was not issued to this client, has expired, or was used before.
    /// </summary>
    public async Task<bool> ConsumeAsync(Client client, string nonce)
    {
        var (hash, now, clientId) = (Secret.Hash(nonce), clock.GetUtcNow(), client.Id);
        return await db
                .AuthorizationHandles.Where(row =>
                    row.HandleHash == hash
                    && row.Kind == AuthorizationKind.Nonce
                    && row.ClientId == clientId
                    && row.UsedAt == null
                    && row.ExpiresAt > now
                )
                .ExecuteUpdateAsync(update => update.SetProperty(row => row.UsedAt, now)) > 0;
    }
}
