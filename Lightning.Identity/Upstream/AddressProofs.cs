using Lightning.Data;
using Lightning.Data.Accounts;
using Lightning.Identity.Mail;
using Lightning.Identity.Web;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Lightning.Identity.Upstream;

/// <summary>
/// How a newcomer whose address the upstream provider has not proved proves one: by a mailed link, opened in the browser that asked. The answer is the
/// same, and as much work is done, whether the address has an account or not (ASVS 5.0, 6.3.8).
/// </summary>
sealed class AddressProofs(LightningDb db, UpstreamAccounts accounts, ILookupNormalizer normalizer, Outbox outbox, IOptions<ProviderOptions> provider, TimeProvider clock)
{
    /// <summary>Mails the link; to an address that has an account, that it has one.</summary>
    public async Task SendAsync(UpstreamPerson person, string address, CancellationToken cancellationToken)
    {
        var normalized = normalizer.NormalizeEmail(address);
        var known = await db.Accounts.Where(account => account.NormalizedEmail == normalized).Select(account => account.Email).SingleOrDefaultAsync(cancellationToken);
        // Bound to the person: in a browser where somebody else came from the provider meanwhile, it opens nothing.
        var (link, token) = AccountLink.Create(AccountLinkPurpose.RegisterUpstream, known ?? address, Mark(person), clock.GetUtcNow());
        db.AccountLinks.Add(link);
        outbox.Add(db, known is not null
            ? Letters.AlreadyRegisteredUpstream(known, person.Provider.Title, provider.Value.Issuer + Paths.SignIn, link.ExpiresAt)
            : Letters.ProveAddress(address, person.Provider.Title, QueryHelpers.AddQueryString(provider.Value.Issuer + Paths.UpstreamAddress, "token", token), link.ExpiresAt, (int)AccountLink.Lifetime.TotalMinutes));
        await db.SaveChangesAsync(cancellationToken);
        outbox.Wake();
    }

    /// <summary>The address that a link proves for this person, while the link is good.</summary>
    public Task<string?> FindAsync(string? token, UpstreamPerson person, CancellationToken cancellationToken) =>
        Good(token, person).Select(link => link.Address).SingleOrDefaultAsync(cancellationToken);

    /// <summary>Uses a link up and makes the account; null where the link is no good any more. Not cancelled with the request.</summary>
    public async Task<Account?> RegisterAsync(string? token, UpstreamPerson person)
    {
        await using var transaction = await db.Database.BeginTransactionAsync();
        var (good, now) = (Good(token, person), clock.GetUtcNow());
        if (await good.Select(link => link.Address).SingleOrDefaultAsync() is not { } address) return null;
        if (await good.ExecuteUpdateAsync(update => update.SetProperty(link => link.UsedAt, now)) == 0) return null;
        if (await accounts.RegisterAsync(person, address) is not var (account, registered)) return null;
        await transaction.CommitAsync();
        registered();
        return account;
    }

    IQueryable<AccountLink> Good(string? token, UpstreamPerson person)
    {
        var (hash, mark, now) = (AccountLink.Hash(token ?? ""), Mark(person), clock.GetUtcNow());
        return db.AccountLinks.AsNoTracking().Where(link => link.TokenHash == hash && link.Purpose == AccountLinkPurpose.RegisterUpstream && link.Name == mark && link.UsedAt == null && link.ExpiresAt > now);
    }

    static string Mark(UpstreamPerson person) => Tokens.Secrets.Fingerprint($"{person.Issuer} {person.Subject}");
}
