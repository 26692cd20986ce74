using Lightning.Data;
using Lightning.Data.Accounts;
using Lightning.Data.Audit;
using Lightning.Identity.Accounts;
using Lightning.Identity.Audit;
using Lightning.Identity.Mail;
using Lightning.Identity.Web;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Lightning.Identity.Upstream;

/// <summary>
/// Links accounts to upstream users. An account is found by issuer and subject only (ASVS 5.0, 10.5.2). An email
/// address, verified or not, never selects an existing account; only its signed-in owner links it (6.8.1).
/// </summary>
sealed class UpstreamAccounts(
    LightningDb db,
    AccountRegistration registration,
    ILookupNormalizer normalizer,
    AuditLog audit,
    MailOutbox outbox,
    IOptions<ProviderOptions> provider,
    TimeProvider clock
)
{
    static readonly TimeSpan NoticeLifetime = TimeSpan.FromDays(2);

    /// <summary>Returns the account that is linked to the upstream user, or null.</summary>
    public Task<Account?> FindAsync(UpstreamUser user, CancellationToken cancellationToken) =>
        db
            .Accounts.AsNoTracking()
            .Where(account =>
                db.UserLogins.Any(login =>
                    login.LoginProvider == user.Issuer
                    && login.ProviderKey == user.Subject
                    && login.UserId == account.Id
                )
            )
            .SingleOrDefaultAsync(cancellationToken);

    /// <summary>Whether the account's user is enabled.</summary>
    public Task<bool> IsEnabledAsync(Account account, CancellationToken cancellationToken) =>
        db.Users.AnyAsync(user => user.Id == account.Id && user.DisabledAt == null, cancellationToken);

    /// <summary>
    /// Whether an email address has an account. Reveal this only to someone who has verified the address.
    /// </summary>
    public Task<bool> IsEmailTakenAsync(string address, CancellationToken cancellationToken)
    {
        var normalized = normalizer.NormalizeEmail(address);
        return db.Accounts.AnyAsync(account => account.NormalizedEmail == normalized, cancellationToken);
    }

    /// <summary>Creates a linked account for a verified email address in the caller's transaction.</summary>
    /// <returns>
    /// The account and an action to call after the commit; null if the address or the upstream user was registered
    /// concurrently. The transaction can then no longer be used.
    /// </returns>
    public async Task<(Account Account, Action Done)?> RegisterAsync(UpstreamUser user, string address)
    {
        var provider = user.Provider.Name;
        try
        {
            if (
                await registration.AddAsync(
                    address,
                    user.Name.Length > 0 ? user.Name : AccountRegistration.DefaultName(address),
                    passwordHash: null,
                    isAdmin: false,
                    new { provider }
                )
                is not var (account, registered)
            )
                return null;
            AddLogin(account.Id, user);
            var entry = AddAuditEntry("login-added", account.Id, sid: null, provider);
            await db.SaveChangesAsync();
            return (account, AfterCommit);

            void AfterCommit()
            {
                registered();
                audit.AfterCommit(entry, (log, entry) => Events.LoginAdded(log, entry, provider));
            }
        }
        catch (DbUpdateException ex)
            when (ex.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            return null;
        }
    }

    /// <summary>Links an upstream user to an account and mails its owner.</summary>
    /// <returns>False if the upstream user is already linked, to this or another account.</returns>
    public async Task<bool> LinkAsync(Guid accountId, Guid sid, UpstreamUser user)
    {
        AddLogin(accountId, user);
        var entry = AddAuditEntry("login-added", accountId, sid, user.Provider.Name);
        await NotifyAsync(
            accountId,
            address =>
                AccountMails.LoginAdded(address, user.Provider.Title, LoginsPage, clock.GetUtcNow() + NoticeLifetime)
        );
        try
        {
            await db.SaveChangesAsync();
        }
        catch (DbUpdateException ex)
            when (ex.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            return false;
        }
        outbox.Wake();
        audit.AfterCommit(entry, (log, entry) => Events.LoginAdded(log, entry, user.Provider.Name));
        return true;
    }

    /// <summary>The account's upstream logins, and whether one of them can be removed.</summary>
    public async Task<(IReadOnlyList<IdentityUserLogin<Guid>> Logins, bool MayRemove)> ListAsync(
        Guid accountId,
        CancellationToken cancellationToken
    )
    {
        var logins = await db
            .UserLogins.AsNoTracking()
            .Where(login => login.UserId == accountId)
            .OrderBy(login => login.ProviderDisplayName)
            .ThenBy(login => login.ProviderKey)
            .ToListAsync(cancellationToken);
        var others =
            await db.Accounts.AnyAsync(
                account => account.Id == accountId && account.PasswordHash != null,
                cancellationToken
            )
            || await db.Set<IdentityUserPasskey<Guid>>()
                .AnyAsync(passkey => passkey.UserId == accountId, cancellationToken);
        return (logins, others || logins.Count > 1);
    }

    /// <summary>Removes a login unless it is the only way to sign in.</summary>
    /// <returns>Whether it was removed.</returns>
    public async Task<bool> RemoveAsync(Guid accountId, Guid sid, string issuer, string subject)
    {
        await using var transaction = await db.Database.BeginTransactionAsync();
        // Locks the account, because two concurrent removals could each leave the other's login as the last one.
        await db.Database.ExecuteSqlAsync($"SELECT id FROM identity.accounts WHERE id = {accountId} FOR UPDATE");
        var (logins, mayRemove) = await ListAsync(accountId, CancellationToken.None);
        if (
            !mayRemove
            || logins.SingleOrDefault(login => login.LoginProvider == issuer && login.ProviderKey == subject)
                is not { } removed
        )
            return false;
        await db
            .UserLogins.Where(login =>
                login.UserId == accountId && login.LoginProvider == issuer && login.ProviderKey == subject
            )
            .ExecuteDeleteAsync();
        var title = removed.ProviderDisplayName ?? issuer;
        var entry = AddAuditEntry("login-removed", accountId, sid, title);
        await NotifyAsync(
            accountId,
            address => AccountMails.LoginRemoved(address, title, LoginsPage, clock.GetUtcNow() + NoticeLifetime)
        );
        await db.SaveChangesAsync();
        await transaction.CommitAsync();
        outbox.Wake();
        audit.AfterCommit(entry, (log, entry) => Events.LoginRemoved(log, entry, title));
        return true;
    }

    string LoginsPage => provider.Value.Issuer + Paths.Logins;

    void AddLogin(Guid accountId, UpstreamUser user) =>
        db.UserLogins.Add(
            new IdentityUserLogin<Guid>
            {
                UserId = accountId,
                LoginProvider = user.Issuer,
                ProviderKey = user.Subject,
                ProviderDisplayName = user.Provider.Title,
            }
        );

    AuditEntry AddAuditEntry(string action, Guid accountId, Guid? sid, string provider) =>
        audit.Add(action, accountId, sid, ("account", accountId.ToString()), new { provider });

    async Task NotifyAsync(Guid accountId, Func<string, OutgoingMail> compose)
    {
        if (
            await db
                .Accounts.Where(account => account.Id == accountId)
                .Select(account => account.Email)
                .SingleAsync() is
            { } address
        )
            outbox.Add(db, compose(address));
    }
}
