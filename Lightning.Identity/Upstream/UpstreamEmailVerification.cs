using Lightning.Data;
using Lightning.Data.Accounts;
using Lightning.Identity.Mail;
using Lightning.Identity.Secrets;
using Lightning.Identity.Web;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Lightning.Identity.Upstream;

/// <summary>
/// Verifies the email address of a new upstream user with a mailed link, opened in the same browser. The response and
/// the work are the same whether or not the address has an account (ASVS 5.0, 6.3.8).
/// </summary>
sealed class UpstreamEmailVerification(
    LightningDb db,
    UpstreamAccounts accounts,
    ILookupNormalizer normalizer,
    MailOutbox outbox,
    IOptions<ProviderOptions> provider,
    TimeProvider clock
)
{
    /// <summary>Mails the link; if the address has an account, a mail that says so.</summary>
    public async Task SendAsync(UpstreamUser user, string address, CancellationToken cancellationToken)
    {
        var normalized = normalizer.NormalizeEmail(address);
        var known = await db
            .Accounts.Where(account => account.NormalizedEmail == normalized)
            .Select(account => account.Email)
            .SingleOrDefaultAsync(cancellationToken);
        // Bound to the upstream user: the link does nothing in a browser where another user returned from the provider.
        var (link, token) = AccountLink.Create(
            new(AccountLinkPurpose.RegisterUpstream, known ?? address) { Name = Fingerprint(user) },
            clock.GetUtcNow()
        );
        db.AccountLinks.Add(link);
        outbox.Add(
            db,
            known is not null
                ? AccountMails.AlreadyRegisteredUpstream(
                    known,
                    user.Provider.Title,
                    provider.Value.Issuer + Paths.SignIn,
                    link.ExpiresAt
                )
                : AccountMails.ProveAddress(
                    address,
                    user.Provider.Title,
                    QueryHelpers.AddQueryString(provider.Value.Issuer + Paths.UpstreamAddress, "token", token),
                    link.ExpiresAt,
                    (int)AccountLink.Lifetime.TotalMinutes
                )
        );
        await db.SaveChangesAsync(cancellationToken);
        outbox.Wake();
    }

    /// <summary>The email address that a valid link verifies for this user; null if the link is not valid.</summary>
    public Task<string?> FindAsync(string? token, UpstreamUser user, CancellationToken cancellationToken) =>
        ValidLinks(token, user).Select(link => link.Address).SingleOrDefaultAsync(cancellationToken);

    /// <summary>
    /// Uses the link and creates the account; null if the link is no longer valid. Not cancelled with the request.
    /// </summary>
    public async Task<Account?> RegisterAsync(string? token, UpstreamUser user)
    {
        await using var transaction = await db.Database.BeginTransactionAsync();
        var (good, now) = (ValidLinks(token, user), clock.GetUtcNow());
        if (await good.Select(link => link.Address).SingleOrDefaultAsync() is not { } address)
            return null;
        if (await good.ExecuteUpdateAsync(update => update.SetProperty(link => link.UsedAt, now)) == 0)
            return null;
        if (await accounts.RegisterAsync(user, address) is not var (account, registered))
            return null;
        await transaction.CommitAsync();
        registered();
        return account;
    }

    IQueryable<AccountLink> ValidLinks(string? token, UpstreamUser user)
    {
        var (hash, mark, now) = (AccountLink.Hash(token ?? ""), Fingerprint(user), clock.GetUtcNow());
        return db
            .AccountLinks.AsNoTracking()
            .Where(link =>
                link.TokenHash == hash
                && link.Purpose == AccountLinkPurpose.RegisterUpstream
                && link.Name == mark
                && link.UsedAt == null
                && link.ExpiresAt > now
            );
    }

    static string Fingerprint(UpstreamUser user) => Secret.Fingerprint($"{user.Issuer} {user.Subject}");
}
