using Lightning.Data;
using Lightning.Data.Accounts;
using Lightning.Identity.Passwords;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Identity.Accounts;

/// <summary>How a sign-in by password went.</summary>
enum PasswordSignInOutcome
{
    /// <summary>The password is the account's.</summary>
    SignedIn,

    /// <summary>There is no such account, or the password is not its.</summary>
    Refused,

    /// <summary>The password is right, but the user was shut out.</summary>
    Disabled,
}

/// <summary>Signing in by password; an unknown account costs the same time.</summary>
sealed class PasswordSignIn(LightningDb db, UserManager<Account> accounts, PasswordHashing hashing, ILogger<PasswordSignIn> logger)
{
    /// <summary>The <c>amr</c> of it (RFC 8176, 2).</summary>
    public const string Method = "pwd";

    /// <returns>How it went, and whose password it is: the account as it was when the password was compared.</returns>
    public async Task<(PasswordSignInOutcome Outcome, Account? Account)> TryAsync(string address, string password, CancellationToken cancellationToken)
    {
        var account = await accounts.FindByEmailAsync(address);
        var verified = await hashing.VerifyAsync(account, password, cancellationToken);
        if (verified == PasswordVerificationResult.Failed)
        {
            logger.SignInFailed(account?.Id, Method, "wrong password or no account");
            return (PasswordSignInOutcome.Refused, null);
        }
        if (!await db.Users.AnyAsync(user => user.Id == account!.Id && user.DisabledAt == null, cancellationToken))
        {
            logger.SignInFailed(account!.Id, Method, "disabled");
            return (PasswordSignInOutcome.Disabled, null);
        }
        if (verified == PasswordVerificationResult.SuccessRehashNeeded) await RehashAsync(account!, password, cancellationToken);
        return (PasswordSignInOutcome.SignedIn, account);
    }

    /// <summary>Brings an older hash to today's cost, unless the password was changed meanwhile.</summary>
    async Task RehashAsync(Account account, string password, CancellationToken cancellationToken)
    {
        var (id, old) = (account.Id, account.PasswordHash);
        var hash = await hashing.HashAsync(account, password, cancellationToken);
        await db.Accounts.Where(row => row.Id == id && row.PasswordHash == old)
            .ExecuteUpdateAsync(update => update.SetProperty(row => row.PasswordHash, hash), cancellationToken);
    }
}
