using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Lightning.Data;
using Lightning.Data.Authorizations;
using Lightning.Identity.Audit;
using Lightning.Identity.Clients;
using Lightning.Identity.Protocol;
using Lightning.Identity.Sessions;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Identity.Tokens;

/// <summary>Authorization codes: good for a minute, and once under any number of parallel redeems.</summary>
sealed class Codes(LightningDb db, LiveSessions sessions, RefreshTokens refreshTokens, TimeProvider clock, AuditBook audit)
{
    static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(60);

    static readonly Check<Redemption>[] Checks =
    [
        CodeIsYoung,
        RedirectUriIsTheSame,
        VerifierFits,
        SessionIsAlive,
    ];

    // RFC 6749, 4.1.2.
    static ProtocolError? CodeIsYoung(Redemption redemption) =>
        redemption.Code.ExpiresAt > redemption.Now ? null : ProtocolError.InvalidGrant("The code is too old.");

    // RFC 6749, 4.1.3.
    static ProtocolError? RedirectUriIsTheSame(Redemption redemption) =>
        redemption.Posted["redirect_uri"] == redemption.Asked["redirect_uri"] ? null : ProtocolError.InvalidGrant("redirect_uri is not the one that the code was sent to.");

    // RFC 7636, 4.6. Every code has a challenge, so that leaving the verifier out gains nothing (RFC 9700, 4.8.2).
    static ProtocolError? VerifierFits(Redemption redemption)
    {
        if (redemption.Posted["code_verifier"] is not { Length: >= 43 and <= 128 } verifier) return ProtocolError.InvalidGrant("code_verifier is missing or of the wrong length.");
        var challenge = Secrets.Fingerprint(verifier);
        return CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(challenge), Encoding.ASCII.GetBytes(redemption.Asked["code_challenge"]))
            ? null : ProtocolError.InvalidGrant("code_verifier does not fit the challenge.");
    }

    // ASVS 5.0, 7.4.1: a code does not outlive its session.
    static ProtocolError? SessionIsAlive(Redemption redemption) => redemption.Session is null ? ProtocolError.InvalidGrant("The session has ended.") : null;

    /// <summary>A code for a session.</summary>
    public async Task<string> IssueAsync(AuthorizationRequest request, LiveSession session, CancellationToken cancellationToken)
    {
        var (code, now) = (Secrets.Create(), clock.GetUtcNow());
        string[] kept = ["redirect_uri", "scope", "nonce", "code_challenge"];
        db.Authorizations.Add(new Authorization
        {
            HandleHash = Secrets.Hash(code),
            Kind = AuthorizationKind.Code,
            ClientId = request.Client!.Id,
            Parameters = JsonSerializer.Serialize(request.Parameters.Values.Where(parameter => kept.Contains(parameter.Key, StringComparer.Ordinal)).ToDictionary(StringComparer.Ordinal)),
            SessionId = session.Id,
            UserId = session.UserId,
            CreatedAt = now,
            ExpiresAt = now + Lifetime,
        });
        await db.SaveChangesAsync(cancellationToken);
        return code;
    }

    /// <summary>What a code is good for, or why it is not. Not cancelled with the request: a code half used would be a code lost.</summary>
    public async Task<(Grant? Grant, ProtocolError? Fault)> RedeemAsync(Client client, Parameters posted, string code)
    {
        var (hash, now, clientId) = (Secrets.Hash(code), clock.GetUtcNow(), client.Id);
        await using var transaction = await db.Database.BeginTransactionAsync();
        var taken = await db.Authorizations.FromSql($"""
            UPDATE identity.authorizations SET used_at = {now}
            WHERE handle_hash = {hash} AND kind = 'Code' AND client_id = {clientId} AND used_at IS NULL
            RETURNING *
            """).AsNoTracking().ToListAsync();
        if (taken is not [var row])
        {
            await transaction.RollbackAsync();
            await RevokeAsync(hash, clientId);
            return (null, ProtocolError.InvalidGrant("The code is not known, or was used before."));
        }

        var asked = JsonSerializer.Deserialize<Dictionary<string, string>>(row.Parameters)!;
        await sessions.LockAsync(row.SessionId!.Value);
        var session = await sessions.FindAsync(row.SessionId.Value, CancellationToken.None);
        if (Checks.FirstFault(new Redemption(row, asked, posted, session, now)) is { } fault)
        {
            await transaction.CommitAsync();
            return (null, fault);
        }

        // Written with the use, so that a second use finds what the first one gave.
        var family = Guid.CreateVersion7(now);
        await db.Authorizations.Where(authorization => authorization.HandleHash == hash)
            .ExecuteUpdateAsync(update => update.SetProperty(authorization => authorization.Family, family));
        var refreshToken = await refreshTokens.BeginFamilyAsync(client, family, asked["scope"], session!);
        await transaction.CommitAsync();
        return (new Grant(asked["scope"], session, family) { RefreshToken = refreshToken, Nonce = asked.GetValueOrDefault("nonce") }, null);
    }

    /// <summary>A second use means that the code was seen by somebody else: all that it gave dies, and with the session its access tokens (RFC 6749, 4.1.2).</summary>
    async Task RevokeAsync(byte[] hash, string clientId)
    {
        var used = await db.Authorizations.AsNoTracking().SingleOrDefaultAsync(row =>
            row.HandleHash == hash && row.Kind == AuthorizationKind.Code && row.ClientId == clientId && row.Family != null);
        if (used?.SessionId is not { } sid) return;
        await using var transaction = await db.Database.BeginTransactionAsync();
        if (!await sessions.EndAsync(sid, "authorization-code-reuse")) return;
        var entry = audit.Enter("code-reused", used.UserId, sid, ("client", clientId));
        await db.SaveChangesAsync();
        await transaction.CommitAsync();
        audit.Done(entry, Events.CodeReused);
    }

    sealed record Redemption(Authorization Code, Dictionary<string, string> Asked, Parameters Posted, LiveSession? Session, DateTimeOffset Now);
}
