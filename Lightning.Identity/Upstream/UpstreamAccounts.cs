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
/// Whose account an upstream provider signs in to: found by (issuer, subject) and by nothing else (ASVS 5.0, 10.5.2). An address, proved or not, never leads to
/// an account that is there: only its owner, signed in, links the two (6.8.1).
/// </summary>
sealed class UpstreamAccounts(
    LightningDb db, Registration registration, ILookupNormalizer normalizer, AuditBook audit, Outbox outbox, IOptions<ProviderOptions> provider, TimeProvider clock)
{
    /// <summary>How signing in by another provider appears in <c>amr</c>; RFC 8176 has no name for it.</summary>
    public const string Method = "fed";

    static readonly TimeSpan NoticeLifetime = TimeSpan.FromDays(2);

    /// <summary>Whom the person is linked to, or null.</summary>
    public Task<Account?> FindAsync(UpstreamPerson person, CancellationToken cancellationToken) => db.Accounts.AsNoTracking()
        .Where(account => db.UserLogins.Any(login => login.LoginProvider == person.Issuer && login.ProviderKey == person.Subject && login.UserId == account.Id))
        .SingleOrDefaultAsync(cancellationToken);

    /// <summary>Whether the account's user is welcome.</summary>
    public Task<bool> IsWelcomeAsync(Account account, CancellationToken cancellationToken) =>
        db.Users.AnyAsync(user => user.Id == account.Id && user.DisabledAt == null, cancellationToken);

    /// <summary>Whether an address has an account. Only who has proved the address may be told.</summary>
    public Task<bool> IsTakenAsync(string address, CancellationToken cancellationToken)
    {
        var normalized = normalizer.NormalizeEmail(address);
        return db.Accounts.AnyAsync(account => account.NormalizedEmail == normalized, cancellationToken);
    }

    /// <summary>Makes an account for a person and an address that is proved, in the caller's transaction.</summary>
    /// <returns>The account, and what to call once it is committed; null where address or person got one meanwhile. The transaction is then of no use any more.</returns>
    public async Task<(Account Account, Action Done)?> RegisterAsync(UpstreamPerson person, string address)
    {
        var provider = person.Provider.Name;
        try
        {
            if (await registration.AddAsync(address, person.Name.Length > 0 ? person.Name : Registration.NameOf(address), passwordHash: null, isAdmin: false, new { provider })
                is not var (account, registered)) return null;
            AddLogin(account.Id, person);
            var entry = Enter("login-added", account.Id, sid: null, provider);
            await db.SaveChangesAsync();
            return (account, Tell);

            void Tell()
            {
                registered();
                audit.Done(entry, (log, entry) => Events.LoginAdded(log, entry, provider));
            }
        }
        catch (DbUpdateException fault) when (fault.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            return null;
        }
    }

    /// <summary>Links a person to an account whose owner asks for it, and tells the owner by mail.</summary>
    /// <returns>False where the person is linked already, to this account or another.</returns>
    public async Task<bool> LinkAsync(Guid accountId, Guid sid, UpstreamPerson person)
    {
        AddLogin(accountId, person);
        var entry = Enter("login-added", accountId, sid, person.Provider.Name);
        await NotifyAsync(accountId, address => Letters.LoginAdded(address, person.Provider.Title, LoginsPage, clock.GetUtcNow() + NoticeLifetime));
        try
        {
            await db.SaveChangesAsync();
        }
        catch (DbUpdateException fault) when (fault.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            return false;
        }
        outbox.Wake();
        audit.Done(entry, (log, entry) => Events.LoginAdded(log, entry, person.Provider.Name));
        return true;
    }

    /// <summary>The ways to sign in to an account, and whether one of them can go.</summary>
    public async Task<(IReadOnlyList<IdentityUserLogin<Guid>> Logins, bool MayRemove)> ListAsync(Guid accountId, CancellationToken cancellationToken)
    {
        var logins = await db.UserLogins.AsNoTracking().Where(login => login.UserId == accountId).OrderBy(login => login.ProviderDisplayName).ThenBy(login => login.ProviderKey).ToListAsync(cancellationToken);
        var others = await db.Accounts.AnyAsync(account => account.Id == accountId && account.PasswordHash != null, cancellationToken)
            || await db.Set<IdentityUserPasskey<Guid>>().AnyAsync(passkey => passkey.UserId == accountId, cancellationToken);
        return (logins, others || logins.Count > 1);
    }

    /// <summary>Removes a login, unless it is the last way to sign in.</summary>
    /// <returns>Whether it is gone.</returns>
    public async Task<bool> RemoveAsync(Guid accountId, Guid sid, string issuer, string subject)
    {
        await using var transaction = await db.Database.BeginTransactionAsync();
        // One at a time in an account: two at once would each leave the other's as the last way in.
        await db.Database.ExecuteSqlAsync($"SELECT id FROM identity.accounts WHERE id = {accountId} FOR UPDATE");
        var (logins, mayRemove) = await ListAsync(accountId, CancellationToken.None);
        if (!mayRemove || logins.SingleOrDefault(login => login.LoginProvider == issuer && login.ProviderKey == subject) is not { } removed) return false;
        await db.UserLogins.Where(login => login.UserId == accountId && login.LoginProvider == issuer && login.ProviderKey == subject).ExecuteDeleteAsync();
        var title = removed.ProviderDisplayName ?? issuer;
        var entry = Enter("login-removed", accountId, sid, title);
        await NotifyAsync(accountId, address => Letters.LoginRemoved(address, title, LoginsPage, clock.GetUtcNow() + NoticeLifetime));
        await db.SaveChangesAsync();
        await transaction.CommitAsync();
        outbox.Wake();
        audit.Done(entry, (log, entry) => Events.LoginRemoved(log, entry, title));
        return true;
    }

    string LoginsPage => provider.Value.Issuer + Paths.Logins;

    void AddLogin(Guid accountId, UpstreamPerson person) => db.UserLogins.Add(new IdentityUserLogin<Guid>
    {
        UserId = accountId,
        LoginProvider = person.Issuer,
        ProviderKey = person.Subject,
        ProviderDisplayName = person.Provider.Title,
    });

    AuditEntry Enter(string action, Guid accountId, Guid? sid, string provider) => audit.Enter(action, accountId, sid, ("account", accountId.ToString()), new { provider });

    async Task NotifyAsync(Guid accountId, Func<string, Message> compose)
    {
        if (await db.Accounts.Where(account => account.Id == accountId).Select(account => account.Email).SingleAsync() is { } address) outbox.Add(db, compose(address));
    }
}
