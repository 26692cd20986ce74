using Lightning.Data;
using Lightning.Data.Authorizations;
using Lightning.Identity.Audit;
using Lightning.Identity.Clients;
using Lightning.Identity.Sessions;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Identity.Tokens;

/// <summary>
/// The grants of clients. A grant belongs to one client and one session, comes from one code or exchange, and its
/// tokens carry its id. Revoking it leaves the session and other clients' grants unchanged.
/// </summary>
sealed class ClientGrants(LightningDb db, ProviderSessions sessions, TimeProvider clock, AuditLog audit)
{
    /// <summary>
    /// Adds a grant to the context. The caller must have locked the session, so that a concurrent sign-out sees the
    /// grant.
    /// </summary>
    public void Add(Client client, Guid id, ProviderSession session) =>
        db.Grants.Add(
            new ClientGrant
            {
                Id = id,
                SessionId = session.Id,
                ClientId = client.Id,
                IsTold = client.BackChannelLogoutUri is not null,
                CreatedAt = clock.GetUtcNow(),
            }
        );

    /// <summary>Whether the grant exists and is not revoked.</summary>
    public Task<bool> IsActiveAsync(Guid id, CancellationToken cancellationToken) =>
        db.Grants.AnyAsync(grant => grant.Id == id && grant.RevokedAt == null, cancellationToken);

    /// <summary>
    /// Revokes a grant: its refresh tokens are refused and its access tokens are inactive (RFC 7009, 2.1). Not
    /// cancelled with the request.
    /// </summary>
    public async Task RevokeAsync(Guid id)
    {
        if (
            await db.Grants.AsNoTracking().SingleOrDefaultAsync(grant => grant.Id == id)
            is not { RevokedAt: null } grant
        )
            return;
        var now = clock.GetUtcNow();
        await using var transaction = await db.Database.BeginTransactionAsync();
        await sessions.LockAsync(grant.SessionId);
        if (
            await db
                .Grants.Where(row => row.Id == id && row.RevokedAt == null)
                .ExecuteUpdateAsync(update => update.SetProperty(row => row.RevokedAt, now)) == 0
        )
            return;
        await db
            .RefreshTokens.Where(row => row.Family == id && row.RevokedAt == null)
            .ExecuteUpdateAsync(update => update.SetProperty(row => row.RevokedAt, now));
        var owner = await db
            .Sessions.Where(session => session.Id == grant.SessionId)
            .Select(session => (Guid?)session.UserId)
            .SingleOrDefaultAsync();
        var entry = audit.Add("grant-revoked", owner, grant.SessionId, ("client", grant.ClientId));
        await db.SaveChangesAsync();
        await transaction.CommitAsync();
        audit.AfterCommit(entry, Events.GrantRevoked);
    }
}
