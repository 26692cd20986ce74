using Lightning.Data;
using Lightning.Data.Accounts;
using Lightning.Identity.Addresses;
using Lightning.Identity.Audit;
using Lightning.Identity.Passwords;
using Lightning.Identity.Sessions;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Identity.SignIn;

/// <summary>Verifies passwords. An unknown account takes the same time.</summary>
sealed class PasswordSignIn(
    LightningDb db,
    ILookupNormalizer normalizer,
    PasswordHashing hashing,
    SignInFailureLog failures
)
{
    /// <summary>Verifies a password.</summary>
    /// <returns>
    /// The account as it was when the password was verified; null if the account is unknown or the password is wrong.
    /// </returns>
    public async Task<Account?> TryAsync(string address, string password, CancellationToken cancellationToken)
    {
        var keys = AddressNormalizer.Keys(normalizer, address);
        var account = await db
            .Accounts.Where(row => keys.Contains(row.NormalizedEmail))
            .OrderByDescending(row => row.NormalizedEmail == keys[0])
            .FirstOrDefaultAsync(cancellationToken);
        var verified = await hashing.VerifyAsync(account, password, cancellationToken);
        if (verified == PasswordVerificationResult.Failed)
        {
            await failures.WriteAsync(account?.Id, AuthenticationMethods.Password, "wrong password or no account");
            return null;
        }
        if (verified == PasswordVerificationResult.SuccessRehashNeeded)
            await RehashAsync(account!, password, cancellationToken);
        return account;
    }

    /// <summary>Upgrades an older hash to the current cost, unless the password was changed concurrently.</summary>
    async Task RehashAsync(Account account, string password, CancellationToken cancellationToken)
    {
        var (id, old) = (account.Id, account.PasswordHash);
        var hash = await hashing.HashAsync(account, password, cancellationToken);
        await db
            .Accounts.Where(row => row.Id == id && row.PasswordHash == old)
            .ExecuteUpdateAsync(
                update =>
                    update
                        .SetProperty(row => row.PasswordHash, hash)
                        .SetProperty(row => row.ConcurrencyStamp, Guid.NewGuid().ToString()),
                cancellationToken
            );
    }
}
