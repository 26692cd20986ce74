using Lightning.Data;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Sessions.Refresh;

/// <summary>A session's tokens as they stand in the row.</summary>
sealed class TokenRow
{
    public required Guid Sid { get; init; }

    public required byte[] Tokens { get; init; }

    public required DateTimeOffset? TokenExpiresAt { get; init; }

    /// <summary>Whether somebody has the right to replace them at this moment, by the database's clock.</summary>
    public required bool IsLeased { get; init; }
}

/// <summary>
/// The right to refresh one session's tokens, held by one attempt on one replica. It stands in the row and runs by the database's clock,
/// so it needs no connection, and ends by itself when its holder dies.
/// </summary>
sealed class RefreshLease(LightningDb db)
{
    public static readonly TimeSpan Duration = TimeSpan.FromSeconds(30);

    /// <summary>Takes the lease if it is free, the session alive and its token about to end; then gives the tokens as they are at that moment.</summary>
    /// <param name="idHash">Of the cookie.</param>
    /// <param name="attempt">Who takes it.</param>
    /// <param name="endsBefore">Until when at most the token may be good.</param>
    /// <param name="orUndated">Whether a token whose end the provider did not say is taken too.</param>
    /// <param name="cancellationToken">Stops before it is taken.</param>
    public async Task<TokenRow?> TakeAsync(byte[] idHash, Guid attempt, DateTimeOffset endsBefore, bool orUndated, CancellationToken cancellationToken) =>
        (await db.Database.SqlQuery<TokenRow>($"""
            UPDATE web.sessions AS web SET refresh_lease_owner = {attempt}, refresh_lease_until = clock_timestamp() + {Duration}
            FROM identity.sessions AS session
            WHERE web.id_hash = {idHash} AND session.id = web.sid AND session.ended_at IS NULL
                AND (web.token_expires_at <= {endsBefore} OR ({orUndated} AND web.token_expires_at IS NULL))
                AND (web.refresh_lease_until IS NULL OR web.refresh_lease_until < clock_timestamp())
            RETURNING web.sid, web.tokens, web.token_expires_at, true AS is_leased
            """).ToListAsync(cancellationToken)).SingleOrDefault();

    /// <summary>The tokens of a living session.</summary>
    public async Task<TokenRow?> ReadAsync(byte[] idHash, CancellationToken cancellationToken) =>
        (await db.Database.SqlQuery<TokenRow>($"""
            SELECT web.sid, web.tokens, web.token_expires_at, coalesce(web.refresh_lease_until >= clock_timestamp(), false) AS is_leased
            FROM web.sessions AS web JOIN identity.sessions AS session ON session.id = web.sid
            WHERE web.id_hash = {idHash} AND session.ended_at IS NULL
            """).ToListAsync(cancellationToken)).SingleOrDefault();

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
