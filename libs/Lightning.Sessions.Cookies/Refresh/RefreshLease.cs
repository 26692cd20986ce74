using Lightning.Sessions.Model;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Sessions.Cookies.Refresh;

/// <summary>A session's encrypted tokens.</summary>
sealed class TokenRow
{
    public required Guid Sid { get; init; }

    public required byte[] Tokens { get; init; }

    /// <summary>When the access token expires (UTC); null if the provider did not say.</summary>
    public required DateTimeOffset? TokenExpiresAt { get; init; }

    /// <summary>Whether a replica holds the refresh lease, by the database's clock.</summary>
    public required bool IsLeased { get; init; }
}

/// <summary>
/// The exclusive right to refresh a session's tokens, held by one attempt on one replica. It is stored in the row and
/// expires by the database's clock, so it needs no connection and a crash of its holder releases it.
/// </summary>
sealed class RefreshLease(ISessionContext db)
{
    public static readonly TimeSpan Duration = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Takes the lease if it is free, the session is active and its access token is about to expire.
    /// </summary>
    /// <param name="idHash">The hash of the session cookie.</param>
    /// <param name="attempt">The id of the holder.</param>
    /// <param name="endsBefore">The token must expire no later than this.</param>
    /// <param name="orUndated">Whether a token without a known expiry counts as expired.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    /// <returns>The current tokens; null if the lease was not taken.</returns>
    public async Task<TokenRow?> TakeAsync(
        byte[] idHash,
        Guid attempt,
        DateTimeOffset endsBefore,
        bool orUndated,
        CancellationToken cancellationToken
    ) =>
        (
            await db
                .Database.SqlQuery<TokenRow>(
                    $"""
                    UPDATE web.sessions AS web SET refresh_lease_owner = {attempt},
                        refresh_lease_until = clock_timestamp() + {Duration}
                    FROM identity.sessions AS session
                    WHERE web.id_hash = {idHash} AND session.id = web.sid AND session.ended_at IS NULL
                        AND (web.token_expires_at <= {endsBefore} OR ({orUndated} AND web.token_expires_at IS NULL))
                        AND (web.refresh_lease_until IS NULL OR web.refresh_lease_until < clock_timestamp())
                    RETURNING web.sid, web.tokens, web.token_expires_at, true AS is_leased
                    """
                )
                .ToListAsync(cancellationToken)
        ).SingleOrDefault();

    /// <summary>The tokens of an active session; null if it has ended.</summary>
    public async Task<TokenRow?> ReadAsync(byte[] idHash, CancellationToken cancellationToken) =>
        (
            await db
                .Database.SqlQuery<TokenRow>(
                    $"""
                    SELECT web.sid, web.tokens, web.token_expires_at,
                        coalesce(web.refresh_lease_until >= clock_timestamp(), false) AS is_leased
                    FROM web.sessions AS web JOIN identity.sessions AS session ON session.id = web.sid
                    WHERE web.id_hash = {idHash} AND session.ended_at IS NULL
                    """
                )
                .ToListAsync(cancellationToken)
        ).SingleOrDefault();

    /// <summary>
    /// Writes the new tokens and releases the lease; false if the lease was lost or the session has ended.
    /// </summary>
    public async Task<bool> WriteAsync(byte[] idHash, Guid attempt, byte[] tokens, DateTimeOffset? expiresAt) =>
        await db.Database.ExecuteSqlAsync(
            $"""
            UPDATE web.sessions AS web
            SET tokens = {tokens}, token_expires_at = {expiresAt}::timestamptz,
                refresh_lease_owner = NULL, refresh_lease_until = NULL
            FROM identity.sessions AS session
            WHERE web.id_hash = {idHash} AND web.refresh_lease_owner = {attempt} AND session.id = web.sid
                AND session.ended_at IS NULL
            """
        ) > 0;

    /// <summary>Ends the session after its refresh token was rejected; false if the lease was lost.</summary>
    public async Task<bool> EndSessionAsync(byte[] idHash, Guid attempt) =>
        (
            await db
                .Database.SqlQuery<bool>(
                    $"""
                    SELECT identity.end_session(web.sid, 'refresh-refused') AS "Value" FROM web.sessions AS web
                    WHERE web.id_hash = {idHash} AND web.refresh_lease_owner = {attempt}
                    """
                )
                .ToListAsync()
        ).Count > 0;

    /// <summary>Releases the lease without new tokens.</summary>
    public Task ReleaseAsync(byte[] idHash, Guid attempt) =>
        db.Database.ExecuteSqlAsync(
            $"""
            UPDATE web.sessions SET refresh_lease_owner = NULL, refresh_lease_until = NULL
            WHERE id_hash = {idHash} AND refresh_lease_owner = {attempt}
            """
        );
}
