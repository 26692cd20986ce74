using Lightning.Data;
using Lightning.Data.Authorizations;
using Lightning.Identity.Clients;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Identity.Tokens;

/// <summary>Nonces for token exchange: given to a client, put by it into its request to an upstream provider, and good once when they come back in the ID token.</summary>
sealed class Nonces(LightningDb db, TimeProvider clock)
{
    /// <summary>As long as a person may take to sign in at the upstream provider.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(15);

    public async Task<string> IssueAsync(Client client, CancellationToken cancellationToken)
    {
        var (nonce, now) = (Secrets.Create(), clock.GetUtcNow());
        db.Authorizations.Add(new Authorization
        {
            HandleHash = Secrets.Hash(nonce),
            Kind = AuthorizationKind.Nonce,
            ClientId = client.Id,
            Parameters = "{}",
            CreatedAt = now,
            ExpiresAt = now + Lifetime,
        });
        await db.SaveChangesAsync(cancellationToken);
        return nonce;
    }

    /// <summary>Uses a nonce up; false where it is not this client's, too old, or was used before.</summary>
    public async Task<bool> TakeAsync(Client client, string nonce)
    {
        var (hash, now, clientId) = (Secrets.Hash(nonce), clock.GetUtcNow(), client.Id);
        return await db.Authorizations
            .Where(row => row.HandleHash == hash && row.Kind == AuthorizationKind.Nonce && row.ClientId == clientId && row.UsedAt == null && row.ExpiresAt > now)
            .ExecuteUpdateAsync(update => update.SetProperty(row => row.UsedAt, now)) > 0;
    }
}
