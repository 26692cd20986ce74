using Lightning.Data;
using Lightning.Data.Accounts;
using Lightning.Identity.Passwords;
using Lightning.Identity.Sessions;
using Lightning.Identity.Web;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Identity.Accounts;

/// <summary>
/// What a person changes of what they sign in with. Each change is one transaction, with its line in the book, its mail, and the end of the
/// other sessions where the person leaves that on.
/// </summary>
sealed class AccountChanges(
    LightningDb db, UserManager<Account> accounts, PasswordHashing hashing, SecondFactor second, LiveSessions sessions, BrowserSessions browser, AccountBook book, TimeProvider clock)
{
    /// <summary>Changes the password; links that were mailed to choose one die with the old one (ASVS 5.0, 6.4.1).</summary>
    public async Task<bool> ChangePasswordAsync(HttpContext http, Account account, string password, bool endOthers, CancellationToken cancellationToken)
    {
        // Before the transaction: hashing is slow by design.
        var hash = await hashing.HashAsync(account, password, cancellationToken);
        return await ChangeAsync(http, account, AccountEvent.PasswordChanged, endOthers, async () =>
        {
            account.PasswordHash = hash;
            await EndLinksAsync(account);
        });
    }

    /// <summary>Turns two-step sign-in on, for whoever has shown a right code of the key.</summary>
    /// <returns>The recovery codes; null where the account was changed meanwhile.</returns>
    public async Task<string[]?> AddAuthenticatorAsync(HttpContext http, Account account, byte[] key, long step, bool endOthers)
    {
        string[] codes = [];
        var session = http.BrowserSession();
        return await ChangeAsync(http, account, AccountEvent.SecondFactorOn, endOthers, async () =>
        {
            second.TurnOn(account, key, step);
            codes = await second.RenewRecoveryCodesAsync(account);
            if (session?.UserId == account.Id)
                await browser.StrengthenAsync(session.Id, [.. session.Methods.Union([SecondFactor.Method, SecondFactor.Multiple], StringComparer.Ordinal)]);
        }) ? codes : null;
    }

    public Task<bool> RemoveAuthenticatorAsync(HttpContext http, Account account, bool endOthers) =>
        ChangeAsync(http, account, AccountEvent.SecondFactorOff, endOthers, () => second.TurnOffAsync(account));

    /// <returns>The recovery codes; null where the account was changed meanwhile.</returns>
    public async Task<string[]?> RenewRecoveryCodesAsync(HttpContext http, Account account)
    {
        string[] codes = [];
        return await ChangeAsync(http, account, AccountEvent.RecoveryCodesRenewed, endOthers: false, async () => codes = await second.RenewRecoveryCodesAsync(account)) ? codes : null;
    }

    public Task<bool> AddPasskeyAsync(HttpContext http, Account account, UserPasskeyInfo passkey, bool endOthers) =>
        ChangeAsync(http, account, AccountEvent.PasskeyAdded, endOthers, async () => (await accounts.AddOrUpdatePasskeyAsync(account, passkey)).Succeeded);

    public Task<bool> RenamePasskeyAsync(HttpContext http, Account account, byte[] credentialId, string name) =>
        ChangeAsync(http, account, AccountEvent.PasskeyRenamed, endOthers: false, async () =>
        {
            if (await accounts.GetPasskeyAsync(account, credentialId) is not { } passkey) return false;
            passkey.Name = name;
            return (await accounts.AddOrUpdatePasskeyAsync(account, passkey)).Succeeded;
        });

    public Task<bool> RemovePasskeyAsync(HttpContext http, Account account, byte[] credentialId, bool endOthers) =>
        ChangeAsync(http, account, AccountEvent.PasskeyRemoved, endOthers, async () =>
            await accounts.GetPasskeyAsync(account, credentialId) is not null && (await accounts.RemovePasskeyAsync(account, credentialId)).Succeeded);

    /// <summary>Ends one of the person's sessions, or all but this one.</summary>
    /// <returns>Whether there was one to end.</returns>
    public async Task<bool> EndSessionsAsync(HttpContext http, Account account, Guid? one)
    {
        await using var transaction = await db.Database.BeginTransactionAsync();
        if (one is null) await sessions.EndAllAsync(account.Id, "ended-by-user", http.BrowserSession()!.Id);
        // Nobody ends what is not theirs, and nobody learns whether it is there.
        else if (!await db.Sessions.AnyAsync(session => session.Id == one && session.UserId == account.Id) || !await sessions.EndAsync(one.Value, "ended-by-user")) return false;
        var entry = book.Enter(http, account, AccountEvent.SessionsEnded, details: one is null ? new { others = true } : new { session = one });
        await db.SaveChangesAsync();
        await transaction.CommitAsync();
        book.Done(entry, AccountEvent.SessionsEnded);
        return true;
    }

    /// <summary>Ends the links that were mailed to the account's address or asked for by the account.</summary>
    public Task EndLinksAsync(Account account) => db.Database.ExecuteSqlAsync(
        $"UPDATE identity.account_links SET used_at = {clock.GetUtcNow()} WHERE (lower(address) = lower({account.Email}) OR account_id = {account.Id}) AND used_at IS NULL");

    Task<bool> ChangeAsync(HttpContext http, Account account, AccountEvent change, bool endOthers, Func<Task> work) => ChangeAsync(http, account, change, endOthers, async () =>
    {
        await work();
        return true;
    });

    /// <returns>False where nothing was changed: the work said so, or somebody else changed the account meanwhile.</returns>
    async Task<bool> ChangeAsync(HttpContext http, Account account, AccountEvent change, bool endOthers, Func<Task<bool>> work)
    {
        await using var transaction = await db.Database.BeginTransactionAsync();
        var entry = book.Enter(http, account, change);
        // The stamp says that the credentials changed: a sign-in that was proved by the old ones ends there. It saves the account too.
        if (!await work() || !(await accounts.UpdateSecurityStampAsync(account)).Succeeded) return false;
        if (endOthers) await sessions.EndAllAsync(account.Id, change.Name, http.BrowserSession()?.Id);
        await transaction.CommitAsync();
        book.Done(entry, change);
        return true;
    }
}
