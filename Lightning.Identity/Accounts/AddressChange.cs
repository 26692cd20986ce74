using Lightning.Data;
using Lightning.Data.Accounts;
using Lightning.Identity.Mail;
using Lightning.Identity.Sessions;
using Lightning.Identity.Web;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Lightning.Identity.Accounts;

/// <summary>Gives an account another address: by a link to the new one, opened where the account is signed in, with a notice to the old one.</summary>
sealed class AddressChange(
    LightningDb db, UserManager<Account> accounts, ILookupNormalizer normalizer, AccountChanges changes, AccountBook book, AccountLimits limits, LiveSessions sessions,
    Outbox outbox, IOptions<ProviderOptions> provider, TimeProvider clock)
{
    static readonly int Minutes = (int)AccountLink.Lifetime.TotalMinutes;

    /// <summary>Mails the link. Whoever asks learns nothing about the address: one that has an account is told so itself.</summary>
    public async Task AskAsync(HttpContext http, Account account, string address, CancellationToken cancellationToken)
    {
        if (!await limits.MayMailAsync(address)) return;
        var (normalized, now) = (normalizer.NormalizeEmail(address), clock.GetUtcNow());
        var other = await db.Accounts.Where(row => row.NormalizedEmail == normalized && row.Id != account.Id).Select(row => row.Email).SingleOrDefaultAsync(cancellationToken);
        var (link, token) = AccountLink.Create(AccountLinkPurpose.ChangeAddress, address, "", now, accountId: account.Id);
        // Written also where nobody is told its token, so that the work is the same.
        db.AccountLinks.Add(link);
        outbox.Add(db, other is null
            ? Letters.ConfirmNewAddress(address, QueryHelpers.AddQueryString(provider.Value.Issuer + Paths.ConfirmAddress, "token", token), link.ExpiresAt, Minutes)
            : Letters.AddressIsTaken(other, provider.Value.Issuer + Paths.SignIn, link.ExpiresAt));
        var entry = book.Enter(http, account, AccountEvent.AddressChangeAsked);
        await db.SaveChangesAsync(cancellationToken);
        book.Done(entry, AccountEvent.AddressChangeAsked);
    }

    /// <summary>The account's own link of a token, while it is good: it works for nobody else who is signed in.</summary>
    public Task<AccountLink?> FindAsync(Account account, string? token, CancellationToken cancellationToken)
    {
        var (hash, now) = (AccountLink.Hash(token ?? ""), clock.GetUtcNow());
        return db.AccountLinks.AsNoTracking().SingleOrDefaultAsync(link => link.TokenHash == hash && link.Purpose == AccountLinkPurpose.ChangeAddress
            && link.AccountId == account.Id && link.UsedAt == null && link.ExpiresAt > now, cancellationToken);
    }

    /// <summary>Uses the link up: account and product know the new address at the same moment, and every other link of the account dies.</summary>
    /// <returns>False where the link is no good any more, or somebody else has the address by now.</returns>
    public async Task<bool> ConfirmAsync(HttpContext http, Account account, AccountLink link)
    {
        await using var transaction = await db.Database.BeginTransactionAsync();
        var now = clock.GetUtcNow();
        if (await db.AccountLinks.Where(row => row.TokenHash == link.TokenHash && row.UsedAt == null && row.ExpiresAt > now)
            .ExecuteUpdateAsync(update => update.SetProperty(row => row.UsedAt, now)) == 0) return false;
        await changes.EndLinksAsync(account);
        var old = account.Email!;
        (account.Email, account.UserName, account.EmailConfirmed) = (link.Address, link.Address, true);
        await changes.EndLinksAsync(account);
        var entry = book.Enter(http, account, AccountEvent.AddressChanged, to: old);
        book.Tell(http, link.Address, AccountEvent.AddressChanged, now);
        try
        {
            // Saves the account, normalises the address, and refuses one that another account has.
            if (!(await accounts.UpdateSecurityStampAsync(account)).Succeeded) return false;
            await db.Users.Where(user => user.Id == account.Id)
                .ExecuteUpdateAsync(update => update.SetProperty(user => user.Email, link.Address).SetProperty(user => user.EmailVerified, true));
            await sessions.EndAllAsync(account.Id, AccountEvent.AddressChanged.Name, http.BrowserSession()!.Id);
            await transaction.CommitAsync();
        }
        catch (DbUpdateException fault) when (fault.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            return false;
        }
        book.Done(entry, AccountEvent.AddressChanged);
        return true;
    }
}
