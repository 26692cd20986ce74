using Lightning.Data;
using Lightning.Data.Accounts;
using Lightning.Identity.Factors;
using Lightning.Identity.Passwords;
using Lightning.Identity.Sessions;
using Lightning.Sessions.Termination;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Identity.Accounts;

/// <summary>
/// Changes an account's credentials. Each change is one transaction with its audit entry, its mail, and the end of the
/// other sessions if the user chose that.
/// </summary>
sealed class AccountChanges(
    LightningDb db,
    UserManager<Account> accounts,
    PasswordHashing hashing,
    SecondFactor secondFactor,
    ProviderSessions sessions,
    AccountEventRecorder events,
    TimeProvider clock
)
{
    /// <summary>Changes the password and invalidates mailed password links (ASVS 5.0, 6.4.1).</summary>
    public async Task<bool> ChangePasswordAsync(
        HttpContext http,
        Account account,
        string password,
        bool endOthers,
        CancellationToken cancellationToken
    )
    {
        // Hash before the transaction, because it takes long.
        var hash = await hashing.HashAsync(account, password, cancellationToken);
        return await ChangeAsync(
            http,
            account,
            AccountEvent.PasswordChanged,
            endOthers,
            async () =>
            {
                account.PasswordHash = hash;
                await EndLinksAsync(account);
            }
        );
    }

    /// <summary>Turns on two-factor sign-in after the user entered a valid code for the key.</summary>
    /// <param name="http">The current request.</param>
    /// <param name="account">The account.</param>
    /// <param name="key">The secret that the authenticator app shares.</param>
    /// <param name="step">The time step of the entered code, which cannot be used again.</param>
    /// <param name="endOthers">Whether to end the other sessions.</param>
    /// <returns>The recovery codes; null if the account was changed concurrently.</returns>
    public async Task<string[]?> AddAuthenticatorAsync(
        HttpContext http,
        Account account,
        byte[] key,
        long step,
        bool endOthers
    )
    {
        string[] codes = [];
        var session = http.BrowserSession();
        return await ChangeAsync(
            http,
            account,
            AccountEvent.SecondFactorOn,
            endOthers,
            async () =>
            {
                secondFactor.TurnOn(account, key, step);
                codes = await secondFactor.RenewRecoveryCodesAsync(account);
                if (session?.UserId == account.Id)
                    await sessions.SetMethodsAsync(
                        session.Id,
                        [
                            .. session.Methods.Union(
                                [AuthenticationMethods.OneTimePassword, AuthenticationMethods.MultipleFactors],
                                StringComparer.Ordinal
                            ),
                        ]
                    );
            }
        )
            ? codes
            : null;
    }

    public Task<bool> RemoveAuthenticatorAsync(HttpContext http, Account account, bool endOthers) =>
        ChangeAsync(http, account, AccountEvent.SecondFactorOff, endOthers, () => secondFactor.TurnOffAsync(account));

    /// <summary>Replaces the recovery codes.</summary>
    /// <returns>The new codes; null if the account was changed concurrently.</returns>
    public async Task<string[]?> RenewRecoveryCodesAsync(HttpContext http, Account account)
    {
        string[] codes = [];
        return await ChangeAsync(
            http,
            account,
            AccountEvent.RecoveryCodesRenewed,
            endOthers: false,
            async () => codes = await secondFactor.RenewRecoveryCodesAsync(account)
        )
            ? codes
            : null;
    }

    public Task<bool> AddPasskeyAsync(HttpContext http, Account account, UserPasskeyInfo passkey, bool endOthers) =>
        ChangeAsync(
            http,
            account,
            AccountEvent.PasskeyAdded,
            endOthers,
            async () => (await accounts.AddOrUpdatePasskeyAsync(account, passkey)).Succeeded
        );

    public Task<bool> RenamePasskeyAsync(HttpContext http, Account account, byte[] credentialId, string name) =>
        ChangeAsync(
            http,
            account,
            AccountEvent.PasskeyRenamed,
            endOthers: false,
            async () =>
            {
                if (await accounts.GetPasskeyAsync(account, credentialId) is not { } passkey)
                    return false;
                passkey.Name = name;
                return (await accounts.AddOrUpdatePasskeyAsync(account, passkey)).Succeeded;
            }
        );

    public Task<bool> RemovePasskeyAsync(HttpContext http, Account account, byte[] credentialId, bool endOthers) =>
        ChangeAsync(
            http,
            account,
            AccountEvent.PasskeyRemoved,
            endOthers,
            async () =>
                await accounts.GetPasskeyAsync(account, credentialId) is not null
                && (await accounts.RemovePasskeyAsync(account, credentialId)).Succeeded
        );

    /// <summary>Ends one of the user's sessions, or all except the current one.</summary>
    /// <param name="http">The current request.</param>
    /// <param name="account">The user's account.</param>
    /// <param name="sessionId">The session to end; null for all except the current one.</param>
    /// <returns>Whether a session ended.</returns>
    public async Task<bool> EndSessionsAsync(HttpContext http, Account account, Guid? sessionId)
    {
        await using var transaction = await db.Database.BeginTransactionAsync();
        if (sessionId is null)
            await sessions.EndAllAsync(account.Id, SessionEndReason.User.Reason, http.BrowserSession()!.Id);
        // Another user's session and an unknown one give the same result.
        else if (
            !await db.Sessions.AnyAsync(session => session.Id == sessionId && session.UserId == account.Id)
            || !await sessions.EndAsync(sessionId.Value, SessionEndReason.User.Reason)
        )
            return false;
        var entry = events.Record(
            http,
            account,
            AccountEvent.SessionsEnded,
            details: sessionId is null ? new { others = true } : new { session = sessionId }
        );
        await db.SaveChangesAsync();
        await transaction.CommitAsync();
        events.AfterCommit(entry, AccountEvent.SessionsEnded);
        return true;
    }

    /// <summary>Invalidates the links that were mailed to the account's address or requested by the account.</summary>
    public Task EndLinksAsync(Account account) =>
        db.Database.ExecuteSqlAsync(
            $"""
            UPDATE identity.account_links SET used_at = {clock.GetUtcNow()}
                WHERE (lower(address) = lower({account.Email}) OR account_id = {account.Id})
                AND used_at IS NULL
            """
        );

    Task<bool> ChangeAsync(HttpContext http, Account account, AccountEvent change, bool endOthers, Func<Task> work) =>
        ChangeAsync(
            http,
            account,
            change,
            endOthers,
            async () =>
            {
                await work();
                return true;
            }
        );

    /// <returns>False if <paramref name="work"/> refused or the account was changed concurrently.</returns>
    async Task<bool> ChangeAsync(
        HttpContext http,
        Account account,
        AccountEvent change,
        bool endOthers,
        Func<Task<bool>> work
    )
    {
        await using var transaction = await db.Database.BeginTransactionAsync();
        var entry = events.Record(http, account, change);
        // The new security stamp invalidates sign-ins that verified the old credentials. This also saves the account.
        if (!await work() || !(await accounts.UpdateSecurityStampAsync(account)).Succeeded)
            return false;
        if (endOthers)
            await sessions.EndAllAsync(account.Id, change.Name, http.BrowserSession()?.Id);
        await transaction.CommitAsync();
        events.AfterCommit(entry, change);
        return true;
    }
}
