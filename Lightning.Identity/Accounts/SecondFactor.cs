using System.Security.Cryptography;
using System.Text;
using Lightning.Data;
using Lightning.Data.Accounts;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Identity.Accounts;

/// <summary>A second step of sign-in: an authenticator app's code, or a recovery code where the app is lost. Each counts once.</summary>
sealed partial class SecondFactor(LightningDb db, IDataProtectionProvider protection, TimeProvider clock, ILogger<SecondFactor> logger)
{
    /// <summary>The <c>amr</c> of a code (RFC 8176, 2).</summary>
    public const string Method = "otp";

    /// <summary>The <c>amr</c> of whoever proved themself by more than one factor (RFC 8176, 2).</summary>
    public const string Multiple = "mfa";

    const int RecoveryCodes = 10;
    const int RecoveryCodeLetters = 24;

    // Crockford's base 32: no letter that is read as another.
    const string Letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

    IDataProtector Protector(Guid accountId) => protection.CreateProtector("Lightning.Identity.Totp", accountId.ToString());

    /// <summary>Takes a code of the account's app, unless it or a later one was taken before; of any number at once, one.</summary>
    public async Task<bool> TakeCodeAsync(Account account, string code)
    {
        if (Key(account) is not { } key || Totp.Match(key, code, clock.GetUtcNow()) is not { } step) return false;
        return await db.Accounts.Where(row => row.Id == account.Id && (row.TotpLastStep == null || row.TotpLastStep < step))
            // With the stamp, so that no older copy of the row can be written over this.
            .ExecuteUpdateAsync(update => update.SetProperty(row => row.TotpLastStep, step).SetProperty(row => row.ConcurrencyStamp, Guid.NewGuid().ToString())) > 0;
    }

    /// <summary>Takes a recovery code, which ends with that.</summary>
    public async Task<bool> TakeRecoveryCodeAsync(Account account, string code)
    {
        var hash = Hash(code);
        return await db.RecoveryCodes.Where(row => row.AccountId == account.Id && row.CodeHash == hash).ExecuteDeleteAsync() > 0;
    }

    /// <summary>Turns the second step on with the key of an app that has shown a right code; the caller saves.</summary>
    public void TurnOn(Account account, byte[] key, long step) =>
        (account.TwoFactorEnabled, account.TotpKey, account.TotpLastStep) = (true, Protector(account.Id).Protect(key), step);

    /// <summary>Turns the second step off, recovery codes included; the caller saves.</summary>
    public async Task TurnOffAsync(Account account)
    {
        (account.TwoFactorEnabled, account.TotpKey, account.TotpLastStep) = (false, null, null);
        await db.RecoveryCodes.Where(row => row.AccountId == account.Id).ExecuteDeleteAsync();
    }

    /// <summary>New recovery codes in the place of the old ones; the caller saves. They are shown once and kept as hashes (ASVS 5.0, 6.5.2).</summary>
    public async Task<string[]> RenewRecoveryCodesAsync(Account account)
    {
        await db.RecoveryCodes.Where(row => row.AccountId == account.Id).ExecuteDeleteAsync();
        var codes = Enumerable.Range(0, RecoveryCodes).Select(_ => RandomNumberGenerator.GetString(Letters, RecoveryCodeLetters)).ToArray();
        db.RecoveryCodes.AddRange(codes.Select(code => new RecoveryCode { AccountId = account.Id, CodeHash = Hash(code) }));
        return [.. codes.Select(code => string.Join('-', code.Chunk(4).Select(part => new string(part))))];
    }

    public Task<int> CountRecoveryCodesAsync(Guid accountId, CancellationToken cancellationToken) =>
        db.RecoveryCodes.CountAsync(row => row.AccountId == accountId, cancellationToken);

    // 120 random bits need no slow hash. Read as people write: small letters, other dashes.
    static byte[] Hash(string code) =>
        SHA256.HashData(Encoding.UTF8.GetBytes(string.Concat(code.ToUpperInvariant().Where(char.IsAsciiLetterOrDigit)).Replace('O', '0').Replace('I', '1').Replace('L', '1')));

    byte[]? Key(Account account)
    {
        if (account.TotpKey is null) return null;
        try
        {
            return Protector(account.Id).Unprotect(account.TotpKey);
        }
        catch (CryptographicException fault)
        {
            // No code can be right then; recovery codes and passkeys still are.
            LogUnreadable(logger, fault, account.Id);
            return null;
        }
    }

    [LoggerMessage(EventId = 1030, Level = LogLevel.Error, Message = "The authenticator secret of user {UserId} cannot be decrypted: the data-protection ring that encrypted it is lost")]
    static partial void LogUnreadable(ILogger logger, Exception fault, Guid userId);
}
