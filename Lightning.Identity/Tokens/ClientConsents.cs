using Lightning.Data;
using Lightning.Identity.Audit;
using Lightning.Identity.Requests;
using Lightning.Identity.Sessions;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Identity.Tokens;

/// <summary>
/// Which scopes a user has agreed to give to a client. Only clients whose identity is not assured need it (RFC 8252,
/// 8.6). Remembered for the account until it is deleted.
/// </summary>
sealed class ClientConsents(LightningDb db, AuditLog audit)
{
    /// <summary>Distinguishes consents from other rows of the account's tokens.</summary>
    const string Kind = "consent";

    /// <summary>Whether the user must be asked: the client needs consent, and wants more than they agreed to.</summary>
    public async Task<bool> IsRequiredAsync(
        AuthorizationRequest request,
        Guid accountId,
        CancellationToken cancellationToken
    ) =>
        request.Client!.RequiresConsent(request.RedirectUri!)
        && request.Scope.Except(await ScopesAsync(accountId, request.Client.Id, cancellationToken)).Any();

    /// <summary>Remembers that the user agreed. Not cancelled with the request.</summary>
    public async Task AddAsync(AuthorizationRequest request, ProviderSession session)
    {
        var clientId = request.Client!.Id;
        await using var transaction = await db.Database.BeginTransactionAsync();
        var known = await ScopesAsync(session.UserId, clientId, CancellationToken.None);
        var scopes = string.Join(' ', known.Union(request.Scope).Order(StringComparer.Ordinal));
        // Nothing is inserted if the account was deleted concurrently.
        var added = await db.Database.ExecuteSqlAsync(
            $"""
            INSERT INTO identity.account_tokens (user_id, login_provider, name, value)
                SELECT account.id, {Kind}, {clientId}, {scopes} FROM identity.accounts AS account
                WHERE account.id = {session.UserId}
                ON CONFLICT (user_id, login_provider, name) DO UPDATE SET value = excluded.value
            """
        );
        if (added == 0)
            return;
        var entry = audit.Add("consent-given", session.UserId, session.Id, ("client", clientId), new { scopes });
        await db.SaveChangesAsync();
        await transaction.CommitAsync();
        audit.AfterCommit(entry, Events.ConsentGiven);
    }

    /// <summary>The clients that the user has agreed to, with the scopes.</summary>
    public async Task<IReadOnlyDictionary<string, string>> ListAsync(
        Guid accountId,
        CancellationToken cancellationToken
    ) =>
        await db
            .UserTokens.AsNoTracking()
            .Where(row => row.UserId == accountId && row.LoginProvider == Kind)
            .ToDictionaryAsync(row => row.Name, row => row.Value ?? "", StringComparer.Ordinal, cancellationToken);

    async Task<string[]> ScopesAsync(Guid accountId, string clientId, CancellationToken cancellationToken) =>
        (
            await db
                .UserTokens.Where(row => row.UserId == accountId && row.LoginProvider == Kind && row.Name == clientId)
                .Select(row => row.Value)
                .SingleOrDefaultAsync(cancellationToken)
        )?.Split(' ') ?? [];
}
