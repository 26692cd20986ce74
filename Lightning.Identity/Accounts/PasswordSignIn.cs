using Lightning.Data;
using Lightning.Data.Accounts;
using Lightning.Identity.Audit;
using Lightning.Identity.Passwords;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Identity.Accounts;

/// <summary>Signing in by password; an unknown account costs the same time.</summary>
sealed class PasswordSignIn(LightningDb db, UserManager<Account> accounts, PasswordHashing hashing, SignInFailures failures)
{
    /// <summary>The <c>amr</c> of it (RFC 8176, 2).</summary>
    public const string Method = "pwd";

    /// <returns>Whose password it is: the account as it was when the password was compared. Null where there is no such account, or the password is not its.</returns>
    public async Task<Account?> TryAsync(string address, string password, CancellationToken cancellationToken)
    {
        var account = await accounts.FindByEmailAsync(address);
        var verified = await hashing.VerifyAsync(account, password, cancellationToken);
        if (verified == PasswordVerificationResult.Failed)
        {
            await failures.WriteAsync(account?.Id, Method, "wrong password or no account");
            return null;
        }
        if (verified == PasswordVerificationResult.SuccessRehashNeeded) await RehashAsync(account!, password, cancellationToken);
        return account;
    }

    /// <summary>Brings an older hash to today's cost, unless the password was changed meanwhile.</summary>
    async Task RehashAsync(Account account, string password, CancellationToken cancellationToken)
    {
        var (id, old) = (account.Id, account.PasswordHash);
        var hash = await hashing.HashAsync(account, password, cancellationToken);
        await db.Accounts.Where(row => row.Id == id && row.PasswordHash == old)
            .ExecuteUpdateAsync(update => update.SetProperty(row => row.PasswordHash, hash).SetProperty(row => row.ConcurrencyStamp, Guid.NewGuid().ToString()), cancellationToken);
    }
}
