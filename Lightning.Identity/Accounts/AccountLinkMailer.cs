using Lightning.Data;
using Lightning.Data.Accounts;
using Lightning.Identity.Addresses;
using Lightning.Identity.Mail;
using Lightning.Identity.RateLimits;
using Lightning.Identity.Web;
using Lightning.ServiceDefaults;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Lightning.Identity.Accounts;

/// <summary>
/// Mails one-time links. The response and the work are the same whether or not the address has an account (ASVS 5.0,
/// 6.3.8).
/// </summary>
sealed class AccountLinkMailer(
    LightningDb db,
    ILookupNormalizer normalizer,
    MailOutbox outbox,
    AccountRateLimits limits,
    IOptions<ProviderOptions> provider,
    TimeProvider clock
)
{
    static readonly int Minutes = (int)AccountLink.Lifetime.TotalMinutes;

    /// <summary>
    /// Mails a link to choose the password of a new account, or of the existing account if the address has one.
    /// </summary>
    public Task SendRegistrationLinkAsync(
        string address,
        string name,
        string? returnUrl,
        CancellationToken cancellationToken
    ) =>
        SendAsync(
            address,
            name,
            hasAccount => hasAccount ? AccountLinkPurpose.ResetPassword : AccountLinkPurpose.Register,
            (to, hasAccount, link, goodUntil) =>
                hasAccount
                    ? AccountMails.AlreadyRegistered(to, Link(link, returnUrl), Page(Paths.SignIn), goodUntil, Minutes)
                    : AccountMails.ConfirmAddress(to, Link(link, returnUrl), goodUntil, Minutes),
            cancellationToken
        );

    /// <summary>Mails a link to choose a new password; to an address without an account, a mail that says so.</summary>
    public Task SendPasswordResetLinkAsync(string address, string? returnUrl, CancellationToken cancellationToken) =>
        SendAsync(
            address,
            "",
            _ => AccountLinkPurpose.ResetPassword,
            (to, hasAccount, link, goodUntil) =>
                hasAccount
                    ? AccountMails.ResetPassword(to, Link(link, returnUrl), goodUntil, Minutes)
                    : AccountMails.NoAccount(to, Page(Paths.Register), goodUntil),
            cancellationToken
        );

    /// <summary>Adds a link and a mail to the context for a password reset that an administrator requested.</summary>
    /// <returns>False if there is no such account or its mail limit is reached.</returns>
    public async Task<bool> AddPasswordResetAsync(Guid accountId, CancellationToken cancellationToken)
    {
        var to = await db
            .Accounts.Where(account => account.Id == accountId)
            .Select(account => account.Email)
            .SingleOrDefaultAsync(cancellationToken);
        if (to is null || !await limits.MayMailAsync(to))
            return false;
        var (link, token) = AccountLink.Create(new(AccountLinkPurpose.ResetPassword, to), clock.GetUtcNow());
        db.AccountLinks.Add(link);
        outbox.Add(db, AccountMails.ResetAskedFor(to, Link(token, returnUrl: null), link.ExpiresAt, Minutes));
        return true;
    }

    async Task SendAsync(
        string address,
        string name,
        Func<bool, AccountLinkPurpose> choosePurpose,
        Func<string, bool, string, DateTimeOffset, OutgoingMail> compose,
        CancellationToken cancellationToken
    )
    {
        // Not shown to the user, who has already been mailed.
        if (!await limits.MayMailAsync(address))
            return;
        var keys = AddressNormalizer.Keys(normalizer, address);
        // Mail the address stored with the account, never one that only compares equal: that could be another person's
        // mailbox.
        var known = await db
            .Accounts.Where(account => keys.Contains(account.NormalizedEmail))
            .OrderByDescending(account => account.NormalizedEmail == keys[0])
            .Select(account => account.Email)
            .FirstOrDefaultAsync(cancellationToken);
        var to = known ?? EmailAddress.Normalize(address);
        var (link, token) = AccountLink.Create(
            new(choosePurpose(known is not null), to) { Name = name },
            clock.GetUtcNow()
        );
        // Also written if the token is not mailed, so that both cases cost the same.
        db.AccountLinks.Add(link);
        outbox.Add(db, compose(to, known is not null, token, link.ExpiresAt));
        // The link and the mail are saved in one transaction.
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
