using Lightning.Data;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Sessions.Refresh;

/// <summary>A session's tokens as they stand in the row.</summary>
sealed class TokenRow
{
    public required Guid Sid { get; init; }

    public required byte[] Tokens { get; init; }

    public required DateTimeOffset? TokenExpiresAt { get; init; }
}

/// <summary>
/// The right to refresh one session's tokens, held by one attempt on one replica. It stands in the row and runs by the database's clock,
/// so it needs no connection, and ends by itself when its holder dies.
/// </summary>
sealed class RefreshLease(LightningDb db)
{
    public static readonly TimeSpan Duration = TimeSpan.FromSeconds(30);

    /// <summary>Takes the lease if it is free, the session alive and its token about to end; then gives the tokens as they are at that moment.</summary>
    public async Task<TokenRow?> TakeAsync(byte[] idHash, Guid attempt, DateTimeOffset endsBefore, CancellationToken cancellationToken) =>
        (await db.Database.SqlQuery<TokenRow>($"""
            UPDATE web.sessions AS web SET refresh_lease_owner = {attempt}, refresh_lease_until = clock_timestamp() + {Duration}
            FROM identity.sessions AS session
            WHERE web.id_hash = {idHash} AND session.id = web.sid AND session.ended_at IS NULL AND web.token_expires_at <= {endsBefore}
                AND (web.refresh_lease_until IS NULL OR web.refresh_lease_until < clock_timestamp())
            RETURNING web.sid, web.tokens, web.token_expires_at
            """).ToListAsync(cancellationToken)).SingleOrDefault();

    /// <summary>The tokens of a living session.</summary>
    public Task<TokenRow?> ReadAsync(byte[] idHash, CancellationToken cancellationToken) =>
        db.WebSessions.Where(web => web.IdHash == idHash && web.Session!.EndedAt == null)
            .Select(web => new TokenRow { Sid = web.SessionId, Tokens = web.Tokens, TokenExpiresAt = web.TokenExpiresAt })
            .SingleOrDefaultAsync(cancellationToken);

    /// <summary>Writes the new tokens and gives the lease back; false where the lease is another's by now or the session has ended.</summary>
    public async Task<bool> WriteAsync(byte[] idHash, Guid attempt, byte[] tokens, DateTimeOffset? expiresAt) =>
        await db.Database.ExecuteSqlAsync($"""
            UPDATE web.sessions AS web
            SET tokens = {tokens}, token_expires_at = {expiresAt}::timestamptz, refresh_lease_owner = NULL, refresh_lease_until = NULL
            FROM identity.sessions AS session
            WHERE web.id_hash = {idHash} AND web.refresh_lease_owner = {attempt} AND session.id = web.sid AND session.ended_at IS NULL
            """) > 0;

    /// <summary>Ends the session whose refresh token was refused; false where the lease is another's by now, who may have had better luck.</summary>
    public async Task<bool> EndSessionAsync(byte[] idHash, Guid attempt) =>
        (await db.Database.SqlQuery<bool>($"""
            SELECT identity.end_session(web.sid, 'refresh-refused') AS "Value" FROM web.sessions AS web
            WHERE web.id_hash = {idHash} AND web.refresh_lease_owner = {attempt}
            """).ToListAsync()).Count > 0;

    /// <summary>Gives the lease back unused.</summary>
    public Task ReleaseAsync(byte[] idHash, Guid attempt) =>
        db.WebSessions.Where(web => web.IdHash == idHash && web.RefreshLeaseOwner == attempt)
            .ExecuteUpdateAsync(web => web.SetProperty(row => row.RefreshLeaseOwner, (Guid?)null).SetProperty(row => row.RefreshLeaseUntil, (DateTimeOffset?)null));
}
