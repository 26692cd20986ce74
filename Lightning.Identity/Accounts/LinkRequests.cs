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
sealed class LinkRequests(LightningDb db, ILookupNormalizer normalizer, Outbox outbox, IOptions<ProviderOptions> provider, TimeProvider clock)
{
    static readonly int Minutes = (int)AccountLink.Lifetime.TotalMinutes;

    /// <summary>Mails a link at which a new account's password is chosen; to an address that has an account, one for a new password.</summary>
    public Task RegisterAsync(string address, string name, string? returnUrl, CancellationToken cancellationToken) => SendAsync(address, name,
        hasAccount => hasAccount ? AccountLinkPurpose.ResetPassword : AccountLinkPurpose.Register,
        (hasAccount, link, goodUntil) => hasAccount
            ? Letters.AlreadyRegistered(address, Link(link, returnUrl), Page(Paths.SignIn), goodUntil, Minutes)
            : Letters.ConfirmAddress(address, Link(link, returnUrl), goodUntil, Minutes), cancellationToken);

    /// <summary>Mails a link at which a new password is chosen; to an address without an account, that it has none.</summary>
    public Task ResetPasswordAsync(string address, string? returnUrl, CancellationToken cancellationToken) => SendAsync(address, "",
        hasAccount => hasAccount ? AccountLinkPurpose.ResetPassword : null,
        (hasAccount, link, goodUntil) => hasAccount
            ? Letters.ResetPassword(address, Link(link, returnUrl), goodUntil, Minutes)
            : Letters.NoAccount(address, Page(Paths.Register), goodUntil), cancellationToken);

    async Task SendAsync(
        string address, string name,
        Func<bool, AccountLinkPurpose?> choosePurpose, Func<bool, string, DateTimeOffset, Message> compose, CancellationToken cancellationToken)
    {
        var normalized = normalizer.NormalizeEmail(address);
        var hasAccount = await db.Accounts.AnyAsync(account => account.NormalizedEmail == normalized, cancellationToken);
        var purpose = choosePurpose(hasAccount);
        var (link, token) = AccountLink.Create(purpose ?? AccountLinkPurpose.ResetPassword, address, name, clock.GetUtcNow());
        if (purpose is not null) db.AccountLinks.Add(link);
        outbox.Add(db, compose(hasAccount, token, link.ExpiresAt));
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
