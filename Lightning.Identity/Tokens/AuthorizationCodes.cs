using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Lightning.Data;
using Lightning.Data.Authorizations;
using Lightning.Identity.Audit;
using Lightning.Identity.Clients;
using Lightning.Identity.Requests;
using Lightning.Identity.Secrets;
using Lightning.Identity.Sessions;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Identity.Tokens;

/// <summary>Authorization codes: valid for a minute, and redeemed at most once even by parallel requests.</summary>
sealed class AuthorizationCodes(
    LightningDb db,
    ProviderSessions sessions,
    RefreshTokens refreshTokens,
    TimeProvider clock,
    AuditLog audit
)
{
    static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(60);

    static readonly RequestCheck<Redemption>[] Checks =
    [
        CodeIsNotExpired,
        RedirectUriMatches,
        VerifierMatchesChallenge,
        SessionIsActive,
    ];

    // RFC 6749, 4.1.2.
    static ProtocolError? CodeIsNotExpired(Redemption redemption) =>
        redemption.Code.ExpiresAt > redemption.Now ? null : ProtocolError.InvalidGrant("The code has expired.");

    // RFC 6749, 4.1.3.
    static ProtocolError? RedirectUriMatches(Redemption redemption) =>
        redemption.Posted["redirect_uri"] == redemption.Requested["redirect_uri"]
            ? null
            : ProtocolError.InvalidGrant("redirect_uri does not match the authorization request.");

    // RFC 7636, 4.6. Every code has a challenge, so omitting the verifier never succeeds (RFC 9700, 4.8.2).
    static ProtocolError? VerifierMatchesChallenge(Redemption redemption)
    {
        if (redemption.Posted["code_verifier"] is not { Length: >= 43 and <= 128 } verifier)
            return ProtocolError.InvalidGrant("code_verifier is missing or has the wrong length.");
        var challenge = Secret.Fingerprint(verifier);
        return CryptographicOperations.FixedTimeEquals(
            Encoding.ASCII.GetBytes(challenge),
            Encoding.ASCII.GetBytes(redemption.Requested["code_challenge"])
        )
            ? null
            : ProtocolError.InvalidGrant("code_verifier does not match the challenge.");
    }

    // ASVS 5.0, 7.4.1: a code does not outlive its session.
    static ProtocolError? SessionIsActive(Redemption redemption) =>
        redemption.Session is null ? ProtocolError.InvalidGrant("The session has ended.") : null;

    /// <summary>Issues a code for a session.</summary>
    public async Task<string> IssueAsync(
        AuthorizationRequest request,
        ProviderSession session,
        CancellationToken cancellationToken
    )
    {
        var (code, now) = (Secret.Create(), clock.GetUtcNow());
        string[] kept = ["redirect_uri", "scope", "nonce", "code_challenge"];
        db.AuthorizationHandles.Add(
            new AuthorizationHandle
            {
                HandleHash = Secret.Hash(code),
                Kind = AuthorizationKind.Code,
                ClientId = request.Client!.Id,
                Parameters = JsonSerializer.Serialize(
                    request
                        .Parameters.Values.Where(parameter => kept.Contains(parameter.Key, StringComparer.Ordinal))
                        .ToDictionary(StringComparer.Ordinal)
                ),
                SessionId = session.Id,
                UserId = session.UserId,
                CreatedAt = now,
                ExpiresAt = now + Lifetime,
            }
        );
        await db.SaveChangesAsync(cancellationToken);
        return code;
    }

    /// <summary>
    /// Redeems a code, or says why it is refused. Not cancelled with the request, so that a code is never used without
    /// a response.
    /// </summary>
    public async Task<(Grant? Grant, ProtocolError? Error)> RedeemAsync(Client client, Parameters posted, string code)
    {
        var (hash, now, clientId) = (Secret.Hash(code), clock.GetUtcNow(), client.Id);
        await using var transaction = await db.Database.BeginTransactionAsync();
        var taken = await db
            .AuthorizationHandles.FromSql(
                $"""
                UPDATE identity.authorizations SET used_at = {now}
                WHERE handle_hash = {hash} AND kind = 'Code' AND client_id = {clientId} AND used_at IS NULL
                RETURNING *
                """
            )
            .AsNoTracking()
            .ToListAsync();
        if (taken is not [var row])
        {
            await transaction.RollbackAsync();
            await RevokeAsync(hash, clientId);
            return (null, ProtocolError.InvalidGrant("The code is unknown, or was used before."));
        }

        var requested = JsonSerializer.Deserialize<Dictionary<string, string>>(row.Parameters)!;
        await sessions.LockAsync(row.SessionId!.Value);
        var session = await sessions.FindAsync(row.SessionId.Value, CancellationToken.None);
        if (Checks.FirstError(new Redemption(row, requested, posted, session, now)) is { } error)
        {
            await transaction.CommitAsync();
            return (null, error);
        }

        // Saved in the same transaction as the use, so that a second use finds and revokes the grant.
        var family = Guid.CreateVersion7(now);
        await db
            .AuthorizationHandles.Where(authorization => authorization.HandleHash == hash)
            .ExecuteUpdateAsync(update => update.SetProperty(authorization => authorization.Family, family));
        var refreshToken = await refreshTokens.BeginFamilyAsync(client, family, requested["scope"], session!);
        await transaction.CommitAsync();
        return (
            new Grant(requested["scope"], session, family)
            {
                RefreshToken = refreshToken,
                Nonce = requested.GetValueOrDefault("nonce"),
            },
            null
        );
    }

    /// <summary>
    /// A second use means that the code leaked: the session ends and its tokens are revoked (RFC 6749, 4.1.2).
    /// </summary>
    async Task RevokeAsync(byte[] hash, string clientId)
    {
        var used = await db
            .AuthorizationHandles.AsNoTracking()
            .SingleOrDefaultAsync(row =>
                row.HandleHash == hash
                && row.Kind == AuthorizationKind.Code
                && row.ClientId == clientId
                && row.Family != null
            );
        if (used?.SessionId is not { } sid)
            return;
        await using var transaction = await db.Database.BeginTransactionAsync();
        if (!await sessions.EndAsync(sid, "authorization-code-reuse"))
            return;
        var entry = audit.Add("code-reused", used.UserId, sid, ("client", clientId));
        await db.SaveChangesAsync();
        await transaction.CommitAsync();
        audit.AfterCommit(entry, Events.CodeReused);
    }

    sealed record Redemption(
        AuthorizationHandle Code,
        Dictionary<string, string> Requested,
        Parameters Posted,
        ProviderSession? Session,
        DateTimeOffset Now
    );
}
