using Lightning.Data;
using Lightning.Data.Accounts;
using Lightning.Identity.Sessions;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Identity.Accounts;

/// <summary>What a person takes along, and how they go.</summary>
sealed class AccountRemoval(LightningDb db, UserManager<Account> accounts, SecondFactor second, LiveSessions sessions, AccountBook book)
{
    /// <summary>All that this service keeps about an account, but for what opens it.</summary>
    public async Task<object> ExportAsync(HttpContext http, Account account, CancellationToken cancellationToken)
    {
        var user = await db.Users.AsNoTracking().SingleAsync(user => user.Id == account.Id, cancellationToken);
        var own = await db.Sessions.AsNoTracking().Where(session => session.UserId == account.Id).OrderBy(session => session.CreatedAt).ToListAsync(cancellationToken);
        var logins = await db.UserLogins.AsNoTracking().Where(login => login.UserId == account.Id).ToListAsync(cancellationToken);
        var codesLeft = await second.CountRecoveryCodesAsync(account.Id, cancellationToken);
        var passkeys = await accounts.GetPasskeysAsync(account);
        var entry = book.Enter(http, account, AccountEvent.Exported);
        await db.SaveChangesAsync(cancellationToken);
        book.Done(entry, AccountEvent.Exported);
        return new
        {
            account = new { account.Id, account.Name, account.Email, account.EmailConfirmed, account.CreatedAt, hasPassword = account.PasswordHash is not null, user.IsAdmin },
            authenticator = new { on = account.TwoFactorEnabled, recoveryCodesLeft = codesLeft },
            passkeys = passkeys.Select(passkey => new { passkey.Name, passkey.CreatedAt, passkey.IsBackedUp, passkey.Transports }),
            otherProviders = logins.Select(login => new { login.LoginProvider, login.ProviderKey, login.ProviderDisplayName }),
            sessions = own.Select(session => new
            {
                session.Id,
                session.CreatedAt,
                // Of an administrator who acted as the person: nothing was proved in it, and how they signed in themself is theirs.
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
    /// Deletes an account in one transaction: sessions end everywhere, then all goes that hangs on the account or on the product's user, what the
    /// product keeps of theirs included: the database's own foreign keys see to that, so that this service need not be able to read it.
    /// The audit book keeps what was done, by the account's id, which leads to nobody any more.
    /// </summary>
    /// <returns>False where the account was changed meanwhile.</returns>
    public async Task<bool> DeleteAsync(HttpContext http, Account account)
    {
        await using var transaction = await db.Database.BeginTransactionAsync();
        var entry = book.Enter(http, account, AccountEvent.Deleted);
        await db.SaveChangesAsync();
        await sessions.EndAllAsync(account.Id, AccountEvent.Deleted.Name);
        await db.Database.ExecuteSqlAsync($"DELETE FROM identity.account_links WHERE lower(address) = lower({account.Email})");
        await db.Authorizations.Where(authorization => authorization.UserId == account.Id).ExecuteDeleteAsync();
        if (!(await accounts.DeleteAsync(account)).Succeeded) return false;
        await db.Users.Where(user => user.Id == account.Id).ExecuteDeleteAsync();
        await transaction.CommitAsync();
        book.Done(entry, AccountEvent.Deleted);
        return true;
    }
}
