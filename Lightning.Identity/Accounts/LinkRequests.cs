using Lightning.Data;
using Lightning.Data.Accounts;
using Lightning.Identity.Mail;
using Lightning.Identity.Web;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Lightning.Identity.Accounts;

/// <summary>
/// Mails one-time links. Whoever asks learns nothing about the address: the answer is the same and as much work is done, whether it has an account or not (ASVS 5.0, 6.3.8).
/// </summary>
sealed class LinkRequests(LightningDb db, ILookupNormalizer normalizer, Outbox outbox, AccountLimits limits, IOptions<ProviderOptions> provider, TimeProvider clock)
{
    static readonly int Minutes = (int)AccountLink.Lifetime.TotalMinutes;

    /// <summary>Mails a link at which a new account's password is chosen; to an address that has an account, one for a new password.</summary>
    public Task RegisterAsync(string address, string name, string? returnUrl, CancellationToken cancellationToken) => SendAsync(address, name,
        hasAccount => hasAccount ? AccountLinkPurpose.ResetPassword : AccountLinkPurpose.Register,
        (to, hasAccount, link, goodUntil) => hasAccount
            ? Letters.AlreadyRegistered(to, Link(link, returnUrl), Page(Paths.SignIn), goodUntil, Minutes)
            : Letters.ConfirmAddress(to, Link(link, returnUrl), goodUntil, Minutes), cancellationToken);

    /// <summary>Mails a link at which a new password is chosen; to an address without an account, that it has none.</summary>
    public Task ResetPasswordAsync(string address, string? returnUrl, CancellationToken cancellationToken) => SendAsync(address, "",
        _ => AccountLinkPurpose.ResetPassword,
        (to, hasAccount, link, goodUntil) => hasAccount
            ? Letters.ResetPassword(to, Link(link, returnUrl), goodUntil, Minutes)
            : Letters.NoAccount(to, Page(Paths.Register), goodUntil), cancellationToken);

    /// <summary>Adds to what the context will save a link and a mail for an account whose owner is to choose a new password because an administrator wants it.</summary>
    /// <returns>False where there is no such account, or it has had its share of mails.</returns>
    public async Task<bool> AddResetAsync(Guid accountId, CancellationToken cancellationToken)
    {
        var to = await db.Accounts.Where(account => account.Id == accountId).Select(account => account.Email).SingleOrDefaultAsync(cancellationToken);
        if (to is null || !await limits.MayMailAsync(to)) return false;
        var (link, token) = AccountLink.Create(AccountLinkPurpose.ResetPassword, to, "", clock.GetUtcNow());
        db.AccountLinks.Add(link);
        outbox.Add(db, Letters.ResetAskedFor(to, Link(token, returnUrl: null), link.ExpiresAt, Minutes));
        return true;
    }

    /// <summary>Has what was added sent, once it is committed.</summary>
    public void Wake() => outbox.Wake();

    async Task SendAsync(
        string address, string name,
        Func<bool, AccountLinkPurpose> choosePurpose, Func<string, bool, string, DateTimeOffset, Message> compose, CancellationToken cancellationToken)
    {
        // Said to nobody: whoever asks for too many has had the mail already.
        if (!await limits.MayMailAsync(address)) return;
        var normalized = normalizer.NormalizeEmail(address);
        // To the address that the account has, and never to another one that merely compares equal: that could be somebody else's mailbox.
        var known = await db.Accounts.Where(account => account.NormalizedEmail == normalized).Select(account => account.Email).SingleOrDefaultAsync(cancellationToken);
        var to = known ?? address;
        var (link, token) = AccountLink.Create(choosePurpose(known is not null), to, name, clock.GetUtcNow());
        // Written also where nobody is told its token: as much work for an unknown address as for a known one.
        db.AccountLinks.Add(link);
        outbox.Add(db, compose(to, known is not null, token, link.ExpiresAt));
        // Link and mail are one transaction.
        await db.SaveChangesAsync(cancellationToken);
        outbox.Wake();
    }

    string Page(string path) => provider.Value.Issuer + path;

    string Link(string token, string? returnUrl)
    {
        var link = QueryHelpers.AddQueryString(Page(Paths.Password), "token", token);
        return returnUrl is null ? link : QueryHelpers.AddQueryString(link, "returnUrl", returnUrl);
    }
}
