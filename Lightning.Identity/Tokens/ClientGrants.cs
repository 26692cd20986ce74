using Lightning.Data;
using Lightning.Data.Authorizations;
using Lightning.Identity.Audit;
using Lightning.Identity.Clients;
using Lightning.Identity.Sessions;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Identity.Tokens;

/// <summary>
/// What clients were given for sessions. A grant is one client's, in one session, from one code or exchange; its tokens bear its id and fall with it.
/// Revoking one leaves the session, and what other clients have for it, as they are.
/// </summary>
sealed class ClientGrants(LightningDb db, LiveSessions sessions, TimeProvider clock, AuditBook audit)
{
    /// <summary>Adds a grant to what the context will save. The session must be locked, so that whoever ends it sees the grant.</summary>
    public void Begin(Client client, Guid id, LiveSession session) => db.Grants.Add(new ClientGrant
    {
        Id = id,
        SessionId = session.Id,
        ClientId = client.Id,
        IsTold = client.BackChannelLogoutUri is not null,
        CreatedAt = clock.GetUtcNow(),
    });

    /// <summary>Whether a grant is there and was not revoked.</summary>
    public Task<bool> IsAliveAsync(Guid id, CancellationToken cancellationToken) => db.Grants.AnyAsync(grant => grant.Id == id && grant.RevokedAt == null, cancellationToken);

    /// <summary>Revokes a grant: its refresh tokens are refused from now on, and its access tokens are no longer active (RFC 7009, 2.1). Not cancelled with the request.</summary>
    public async Task RevokeAsync(Guid id)
    {
        if (await db.Grants.AsNoTracking().SingleOrDefaultAsync(grant => grant.Id == id) is not { RevokedAt: null } grant) return;
        var now = clock.GetUtcNow();
        await using var transaction = await db.Database.BeginTransactionAsync();
        await sessions.LockAsync(grant.SessionId);
        if (await db.Grants.Where(row => row.Id == id && row.RevokedAt == null).ExecuteUpdateAsync(update => update.SetProperty(row => row.RevokedAt, now)) == 0) return;
        await db.RefreshTokens.Where(row => row.Family == id && row.RevokedAt == null).ExecuteUpdateAsync(update => update.SetProperty(row => row.RevokedAt, now));
        var owner = await db.Sessions.Where(session => session.Id == grant.SessionId).Select(session => (Guid?)session.UserId).SingleOrDefaultAsync();
        var entry = audit.Enter("grant-revoked", owner, grant.SessionId, ("client", grant.ClientId));
        await db.SaveChangesAsync();
        await transaction.CommitAsync();
        audit.Done(entry, Events.GrantRevoked);
    }
}
