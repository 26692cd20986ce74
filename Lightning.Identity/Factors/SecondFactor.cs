using System.Security.Cryptography;
using System.Text;
using Lightning.Data;
using Lightning.Data.Accounts;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Identity.Factors;

/// <summary>
/// The second factor: an authenticator app's code, or a recovery code if the app is lost. Each can be used once.
/// </summary>
sealed partial class SecondFactor(
    LightningDb db,
    IDataProtectionProvider protection,
    TimeProvider clock,
    ILogger<SecondFactor> logger
)
{
    const int RecoveryCodes = 10;
    const int RecoveryCodeLength = 24;

    // Crockford's base 32, which has no letters that look alike.
    const string RecoveryCodeAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

    IDataProtector Protector(Guid accountId) =>
        protection.CreateProtector("Lightning.Identity.Totp", accountId.ToString());

    /// <summary>
    /// Verifies a code and marks its time step as used. Returns false if the code is wrong, or if it or a later one was
    /// used; of concurrent calls, one succeeds.
    /// </summary>
    public async Task<bool> ConsumeCodeAsync(Account account, string code)
    {
        if (Key(account) is not { } key || Totp.Match(key, code, clock.GetUtcNow()) is not { } step)
            return false;
        return await db
                .Accounts.Where(row => row.Id == account.Id && (row.TotpLastStep == null || row.TotpLastStep < step))
                // The new stamp prevents a stale entity from overwriting this update.
                .ExecuteUpdateAsync(update =>
                    update
                        .SetProperty(row => row.TotpLastStep, step)
                        .SetProperty(row => row.ConcurrencyStamp, Guid.NewGuid().ToString())
                ) > 0;
    }

    /// <summary>Deletes a recovery code. Returns false if there is no such code.</summary>
    public async Task<bool> ConsumeRecoveryCodeAsync(Account account, string code)
    {
        var hash = Hash(code);
        return await db
                .RecoveryCodes.Where(row => row.AccountId == account.Id && row.CodeHash == hash)
                .ExecuteDeleteAsync() > 0;
    }

    /// <summary>Turns the second factor on after the user entered a valid code for the key. The caller saves.</summary>
    public void TurnOn(Account account, byte[] key, long step)
    {
        account.TwoFactorEnabled = true;
        account.TotpKey = Protector(account.Id).Protect(key);
        account.TotpLastStep = step;
    }

    /// <summary>Turns the second factor off and deletes the recovery codes. The caller saves the account.</summary>
    public async Task TurnOffAsync(Account account)
    {
        account.TwoFactorEnabled = false;
        account.TotpKey = null;
        account.TotpLastStep = null;
        await db.RecoveryCodes.Where(row => row.AccountId == account.Id).ExecuteDeleteAsync();
    }

    /// <summary>
    /// Replaces the recovery codes; the caller saves. Only their hashes are stored, so they are shown once (ASVS 5.0,
    /// 6.5.2).
    /// </summary>
    public async Task<string[]> RenewRecoveryCodesAsync(Account account)
    {
        await db.RecoveryCodes.Where(row => row.AccountId == account.Id).ExecuteDeleteAsync();
        var codes = Enumerable
            .Range(0, RecoveryCodes)
            .Select(_ => RandomNumberGenerator.GetString(RecoveryCodeAlphabet, RecoveryCodeLength))
            .ToArray();
        db.RecoveryCodes.AddRange(
            codes.Select(code => new RecoveryCode { AccountId = account.Id, CodeHash = Hash(code) })
        );
        return [.. codes.Select(code => string.Join('-', code.Chunk(4).Select(part => new string(part))))];
    }

    public Task<int> CountRecoveryCodesAsync(Guid accountId, CancellationToken cancellationToken) =>
        db.RecoveryCodes.CountAsync(row => row.AccountId == accountId, cancellationToken);

    // 120 random bits need no slow hash. Lower case, other separators and look-alike letters are accepted.
    static byte[] Hash(string code) =>
        SHA256.HashData(
            Encoding.UTF8.GetBytes(
                string.Concat(code.ToUpperInvariant().Where(char.IsAsciiLetterOrDigit))
                    .Replace('O', '0')
                    .Replace('I', '1')
                    .Replace('L', '1')
            )
        );

    byte[]? Key(Account account)
    {
        if (account.TotpKey is null)
            return null;
        try
        {
            return Protector(account.Id).Unprotect(account.TotpKey);
        }
        catch (CryptographicException ex)
        {
            // Without the key no code is valid; recovery codes and passkeys still work.
            LogUnreadable(logger, ex, account.Id);
            return null;
        }
    }

    [LoggerMessage(
        EventId = 1030,
        Level = LogLevel.Error,
        Message = "The authenticator key of user {UserId} cannot be decrypted because the data protection key that "
            + "encrypted it is missing"
    )]
    static partial void LogUnreadable(ILogger logger, Exception ex, Guid userId);
}
