using Lightning.Data;
using Lightning.Data.Accounts;
using Lightning.Identity.Passwords;
using Lightning.Identity.Sessions;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Lightning.Identity.Accounts;

/// <summary>
/// What the bearer of a one-time link does: choose a password. That makes the account or changes it, in the transaction that uses the link up;
/// whoever holds the mailbox chooses, so that nobody can prepare an account for somebody else's address.
/// </summary>
sealed class PasswordChoice(
    LightningDb db, UserManager<Account> accounts, PasswordHashing hashing, LiveSessions sessions, AccountBook book, Registration registration, TimeProvider clock)
{
    /// <summary>The name that a link brings along; one that the command line printed knows none.</summary>
    public static string NameOf(AccountLink link) => link.Name.Length > 0 ? link.Name : Registration.NameOf(link.Address);

    /// <summary>The link of a token, while it is good.</summary>
    public Task<AccountLink?> FindLinkAsync(string? token, CancellationToken cancellationToken)
    {
        var (hash, now) = (AccountLink.Hash(token ?? ""), clock.GetUtcNow());
        return db.AccountLinks.AsNoTracking().SingleOrDefaultAsync(link => link.TokenHash == hash && link.UsedAt == null && link.ExpiresAt > now
            && (link.Purpose == AccountLinkPurpose.Register || link.Purpose == AccountLinkPurpose.ResetPassword), cancellationToken);
    }

    /// <summary>Uses a link up.</summary>
    /// <param name="http">In which browser.</param>
    /// <param name="link">The link.</param>
    /// <param name="name">What the person wants to be called, where the account is new.</param>
    /// <param name="password">Their choice.</param>
    /// <param name="cancellationToken">Stops before anything is written.</param>
    /// <returns>Whose password it is now; null where the link is no good any more.</returns>
    public async Task<Account?> ChooseAsync(HttpContext http, AccountLink link, string name, string password, CancellationToken cancellationToken)
    {
        // Before the transaction: hashing is slow by design.
        var hash = await hashing.HashAsync(new Account(), password, cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var now = clock.GetUtcNow();
        if (await db.AccountLinks.Where(row => row.TokenHash == link.TokenHash && row.UsedAt == null && row.ExpiresAt > now)
            .ExecuteUpdateAsync(update => update.SetProperty(row => row.UsedAt, now), cancellationToken) == 0) return null;
        // The other links to this address die with it: what was mailed earlier must not undo this choice (ASVS 5.0, 6.4.1).
        await db.Database.ExecuteSqlAsync(
            $"UPDATE identity.account_links SET used_at = {now} WHERE lower(address) = lower({link.Address}) AND used_at IS NULL", cancellationToken);

        try
        {
            if ((link.Purpose == AccountLinkPurpose.Register
                ? await registration.AddAsync(link.Address, name, hash, link.GrantsAdmin, new { isAdmin = link.GrantsAdmin })
                : await ResetAsync(http, link, hash, cancellationToken)) is not var (account, done)) return null;
            await transaction.CommitAsync(cancellationToken);
            done();
            return account;
        }
        catch (DbUpdateException fault) when (fault.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            // Two links to one address were used at the same moment; the other one won.
            return null;
        }
    }

    async Task<(Account Account, Action Done)?> ResetAsync(HttpContext http, AccountLink link, string hash, CancellationToken cancellationToken)
    {
        if (await accounts.FindByEmailAsync(link.Address) is not { } account) return null;
        account.PasswordHash = hash;
        account.EmailConfirmed = true;
        var entry = book.Enter(http, account, AccountEvent.PasswordReset);
        // What the account itself asked for dies too, such as a change of its address.
        await db.Database.ExecuteSqlAsync($"UPDATE identity.account_links SET used_at = {clock.GetUtcNow()} WHERE account_id = {account.Id} AND used_at IS NULL", cancellationToken);
        // Saves the account too.
        if (!(await accounts.UpdateSecurityStampAsync(account)).Succeeded) return null;
        if (link.GrantsAdmin)
            await db.Users.Where(user => user.Id == account.Id).ExecuteUpdateAsync(update => update.SetProperty(user => user.IsAdmin, true), cancellationToken);
        // Whoever knew the old password is out; the person who chose the new one is signed in afterwards.
        await sessions.EndAllAsync(account.Id, AccountEvent.PasswordReset.Name);
        return (account, () => book.Done(entry, AccountEvent.PasswordReset));
    }
}
