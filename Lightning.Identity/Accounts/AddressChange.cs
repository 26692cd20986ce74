using Lightning.Data;
using Lightning.Data.Accounts;
using Lightning.Identity.Mail;
using Lightning.Identity.RateLimits;
using Lightning.Identity.Sessions;
using Lightning.Identity.Web;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Lightning.Identity.Accounts;

/// <summary>
/// Changes an account's email address: with a link to the new address, opened while signed in, and a notice to the old
/// address.
/// </summary>
sealed class AddressChange(
    LightningDb db,
    UserManager<Account> accounts,
    ILookupNormalizer normalizer,
    AccountChanges changes,
    AccountEventRecorder events,
    AccountRateLimits limits,
    ProviderSessions sessions,
    MailOutbox outbox,
    IOptions<ProviderOptions> provider,
    TimeProvider clock
)
{
    static readonly int Minutes = (int)AccountLink.Lifetime.TotalMinutes;

    /// <summary>
    /// Mails the link. The response does not reveal whether the new address has an account; if it has, its owner gets a
    /// mail.
    /// </summary>
    public async Task RequestAsync(
        HttpContext http,
        Account account,
        string address,
        CancellationToken cancellationToken
    )
    {
        if (!await limits.MayMailAsync(address))
            return;
        var normalized = normalizer.NormalizeEmail(address);
        var other = await db
            .Accounts.Where(row => row.NormalizedEmail == normalized && row.Id != account.Id)
            .Select(row => row.Email)
            .SingleOrDefaultAsync(cancellationToken);
        var (link, token) = AccountLink.Create(
            new(AccountLinkPurpose.ChangeAddress, address) { AccountId = account.Id },
            clock.GetUtcNow()
        );
        // Also written if the token is not mailed, so that both cases cost the same.
        db.AccountLinks.Add(link);
        outbox.Add(
            db,
            other is null
                ? AccountMails.ConfirmNewAddress(
                    address,
                    QueryHelpers.AddQueryString(provider.Value.Issuer + Paths.ConfirmAddress, "token", token),
                    link.ExpiresAt,
                    Minutes
                )
                : AccountMails.AddressIsTaken(other, provider.Value.Issuer + Paths.SignIn, link.ExpiresAt)
        );
        var entry = events.Record(http, account, AccountEvent.AddressChangeAsked);
        await db.SaveChangesAsync(cancellationToken);
        events.AfterCommit(entry, AccountEvent.AddressChangeAsked);
    }

    /// <summary>Returns the valid link for a token; null if it is not valid for this account.</summary>
    public Task<AccountLink?> FindAsync(Account account, string? token, CancellationToken cancellationToken)
    {
        var (hash, now) = (AccountLink.Hash(token ?? ""), clock.GetUtcNow());
        return db
            .AccountLinks.AsNoTracking()
            .SingleOrDefaultAsync(
                link =>
                    link.TokenHash == hash
                    && link.Purpose == AccountLinkPurpose.ChangeAddress
                    && link.AccountId == account.Id
                    && link.UsedAt == null
                    && link.ExpiresAt > now,
                cancellationToken
            );
    }

    /// <summary>
    /// Uses the link: changes the address of the account and the user, and invalidates the account's other links.
    /// </summary>
    /// <returns>False if the link is no longer valid or another account has the address.</returns>
    public async Task<bool> ConfirmAsync(HttpContext http, Account account, AccountLink link)
    {
        await using var transaction = await db.Database.BeginTransactionAsync();
        var now = clock.GetUtcNow();
        if (
            await db
                .AccountLinks.Where(row => row.TokenHash == link.TokenHash && row.UsedAt == null && row.ExpiresAt > now)
                .ExecuteUpdateAsync(update => update.SetProperty(row => row.UsedAt, now)) == 0
        )
            return false;
        await changes.EndLinksAsync(account);
        // The old address gets a mail too, so record the event before the change.
        var entry = events.Record(http, account, AccountEvent.AddressChanged);
        account.Email = link.Address;
        account.UserName = link.Address;
        account.EmailConfirmed = true;
        await changes.EndLinksAsync(account);
        events.Notify(http, link.Address, AccountEvent.AddressChanged, now);
        try
        {
            // Saves the account, normalizes the address, and fails if another account has it.
            if (!(await accounts.UpdateSecurityStampAsync(account)).Succeeded)
                return false;
            await db
                .Users.Where(user => user.Id == account.Id)
                .ExecuteUpdateAsync(update =>
                    update.SetProperty(user => user.Email, link.Address).SetProperty(user => user.EmailVerified, true)
                );
            await sessions.EndAllAsync(account.Id, AccountEvent.AddressChanged.Name, http.BrowserSession()!.Id);
            await transaction.CommitAsync();
        }
        catch (DbUpdateException ex)
            when (ex.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            return false;
        }
        events.AfterCommit(entry, AccountEvent.AddressChanged);
        return true;
    }
}
