using Lightning.Data;
using Lightning.Data.Accounts;
using Lightning.Identity.Passwords;
using Lightning.Identity.Sessions;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Lightning.Identity.Accounts;

/// <summary>
/// Redeems one-time links with a new password, which creates the account or changes it in the same transaction. Only
/// the owner of the mailbox chooses the password, so an attacker cannot prepare an account for another address.
/// </summary>
sealed class PasswordLinks(
    LightningDb db,
    UserManager<Account> accounts,
    PasswordHashing hashing,
    ProviderSessions sessions,
    AccountEventRecorder events,
    AccountRegistration registration,
    TimeProvider clock
)
{
    /// <summary>The name from the registration form, or a default: links from the command line have none.</summary>
    public static string SuggestedName(AccountLink link) =>
        link.Name.Length > 0 ? link.Name : AccountRegistration.DefaultName(link.Address);

    /// <summary>Returns the valid link for a token; null if there is none.</summary>
    public Task<AccountLink?> FindLinkAsync(string? token, CancellationToken cancellationToken)
    {
        var (hash, now) = (AccountLink.Hash(token ?? ""), clock.GetUtcNow());
        return db
            .AccountLinks.AsNoTracking()
            .SingleOrDefaultAsync(
                link =>
                    link.TokenHash == hash
                    && link.UsedAt == null
                    && link.ExpiresAt > now
                    && (
                        link.Purpose == AccountLinkPurpose.Register || link.Purpose == AccountLinkPurpose.ResetPassword
                    ),
                cancellationToken
            );
    }

    /// <summary>Whether a token's link was redeemed for this address.</summary>
    public async Task<bool> IsRedeemedAsync(string? token, string address, CancellationToken cancellationToken)
    {
        var hash = AccountLink.Hash(token ?? "");
        var redeemed = await db
            .AccountLinks.Where(link => link.TokenHash == hash && link.UsedAt != null)
            .Select(link => link.Address)
            .SingleOrDefaultAsync(cancellationToken);
        return string.Equals(redeemed, address, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Redeems a link.</summary>
    /// <param name="http">The current request.</param>
    /// <param name="link">The link.</param>
    /// <param name="name">The display name for a new account.</param>
    /// <param name="password">The new password.</param>
    /// <param name="cancellationToken">Cancels before anything is written.</param>
    /// <returns>The account; null if the link is no longer valid.</returns>
    public async Task<Account?> RedeemAsync(
        HttpContext http,
        AccountLink link,
        string name,
        string password,
        CancellationToken cancellationToken
    )
    {
        // Hash before the transaction, because it takes long.
        var hash = await hashing.HashAsync(new Account(), password, cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var now = clock.GetUtcNow();
        if (
            await db
                .AccountLinks.Where(row => row.TokenHash == link.TokenHash && row.UsedAt == null && row.ExpiresAt > now)
                .ExecuteUpdateAsync(update => update.SetProperty(row => row.UsedAt, now), cancellationToken) == 0
        )
            return null;
        // Invalidate the other links to this address: an earlier mail must not undo this change (ASVS 5.0, 6.4.1).
        await db.Database.ExecuteSqlAsync(
            $"""
            UPDATE identity.account_links SET used_at = {now}
                WHERE lower(address) = lower({link.Address}) AND used_at IS NULL
            """,
            cancellationToken
        );

        try
        {
            if (
                (
                    link.Purpose == AccountLinkPurpose.Register
                        ? await registration.AddAsync(
                            link.Address,
                            name,
                            hash,
                            link.GrantsAdmin,
                            new { isAdmin = link.GrantsAdmin }
                        )
                        : await ResetAsync(http, link, hash, cancellationToken)
                )
                is not var (account, done)
            )
                return null;
            await transaction.CommitAsync(cancellationToken);
            done();
            return account;
        }
        catch (DbUpdateException ex)
            when (ex.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            // Two links to one address were redeemed at the same time; the other one won.
            return null;
        }
    }

    async Task<(Account Account, Action Done)?> ResetAsync(
        HttpContext http,
        AccountLink link,
        string hash,
        CancellationToken cancellationToken
    )
    {
        if (await accounts.FindByEmailAsync(link.Address) is not { } account)
            return null;
        account.PasswordHash = hash;
        account.EmailConfirmed = true;
        var entry = events.Record(http, account, AccountEvent.PasswordReset);
        // Also invalidate links that the account requested, such as an address change.
        await db.Database.ExecuteSqlAsync(
            $"""
            UPDATE identity.account_links SET used_at = {clock.GetUtcNow()}
                WHERE account_id = {account.Id} AND used_at IS NULL
            """,
            cancellationToken
        );
        // This also saves the account.
        if (!(await accounts.UpdateSecurityStampAsync(account)).Succeeded)
            return null;
        if (link.GrantsAdmin)
            await db
                .Users.Where(user => user.Id == account.Id)
                .ExecuteUpdateAsync(update => update.SetProperty(user => user.IsAdmin, true), cancellationToken);
        // Ends the sessions of anyone who knew the old password; the user is signed in afterwards.
        await sessions.EndAllAsync(account.Id, AccountEvent.PasswordReset.Name);
        return (account, () => events.AfterCommit(entry, AccountEvent.PasswordReset));
    }
}
