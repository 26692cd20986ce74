using Lightning.Data;
using Lightning.Data.Accounts;
using Lightning.Identity.Factors;
using Lightning.Identity.Sessions;
using Lightning.Identity.Tokens;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Identity.Accounts;

/// <summary>Exports and deletes accounts.</summary>
sealed class AccountRemoval(
    LightningDb db,
    UserManager<Account> accounts,
    SecondFactor secondFactor,
    ProviderSessions sessions,
    ClientConsents consents,
    AccountEventRecorder events
)
{
    /// <summary>Everything that this service stores about an account, except credentials.</summary>
    public async Task<object> ExportAsync(HttpContext http, Account account, CancellationToken cancellationToken)
    {
        var user = await db.Users.AsNoTracking().SingleAsync(user => user.Id == account.Id, cancellationToken);
        var own = await db
            .Sessions.AsNoTracking()
            .Where(session => session.UserId == account.Id)
            .OrderBy(session => session.CreatedAt)
            .ToListAsync(cancellationToken);
        var logins = await db
            .UserLogins.AsNoTracking()
            .Where(login => login.UserId == account.Id)
            .ToListAsync(cancellationToken);
        var apps = await consents.ListAsync(account.Id, cancellationToken);
        var codesLeft = await secondFactor.CountRecoveryCodesAsync(account.Id, cancellationToken);
        var passkeys = await accounts.GetPasskeysAsync(account);
        var entry = events.Record(http, account, AccountEvent.Exported);
        await db.SaveChangesAsync(cancellationToken);
        events.AfterCommit(entry, AccountEvent.Exported);
        return new
        {
            account = new
            {
                account.Id,
                account.Name,
                account.Email,
                account.EmailConfirmed,
                account.CreatedAt,
                hasPassword = account.PasswordHash is not null,
                user.IsAdmin,
            },
            authenticator = new { on = account.TwoFactorEnabled, recoveryCodesLeft = codesLeft },
            passkeys = passkeys.Select(passkey => new
            {
                passkey.Name,
                passkey.CreatedAt,
                passkey.IsBackedUp,
                passkey.Transports,
            }),
            otherProviders = logins.Select(login => new
            {
                login.LoginProvider,
                login.ProviderKey,
                login.ProviderDisplayName,
            }),
            apps = apps.Select(app => new { clientId = app.Key, scopes = app.Value }),
            sessions = own.Select(session => new
            {
                session.Id,
                session.CreatedAt,
                // For an impersonation, the administrator's authentication is not part of the user's data.
                isActing = session.ActorId is not null,
                authTime = session.ActorId is null ? session.AuthTime : (DateTimeOffset?)null,
                session.LastSeenAt,
                session.EndsAt,
                session.EndedAt,
                session.EndReason,
                session.Device,
                session.Ip,
                methods = session.ActorId is null ? session.Methods : [],
            }),
        };
    }

    /// <summary>
    /// Deletes an account in one transaction: ends its sessions, then deletes the account and the user. Foreign keys
    /// cascade to the product's data, so this service needs no access to it. Audit entries stay, with an id that no
    /// longer refers to an account.
    /// </summary>
    /// <returns>False if the account was changed concurrently.</returns>
    public async Task<bool> DeleteAsync(HttpContext http, Account account)
    {
        await using var transaction = await db.Database.BeginTransactionAsync();
        var entry = events.Record(http, account, AccountEvent.Deleted);
        await db.SaveChangesAsync();
        await sessions.EndAllAsync(account.Id, AccountEvent.Deleted.Name);
        await db.Database.ExecuteSqlAsync(
            $"DELETE FROM identity.account_links WHERE lower(address) = lower({account.Email})"
        );
        await db.AuthorizationHandles.Where(authorization => authorization.UserId == account.Id).ExecuteDeleteAsync();
        if (!(await accounts.DeleteAsync(account)).Succeeded)
            return false;
        await db.Users.Where(user => user.Id == account.Id).ExecuteDeleteAsync();
        await transaction.CommitAsync();
        events.AfterCommit(entry, AccountEvent.Deleted);
        return true;
    }
}
