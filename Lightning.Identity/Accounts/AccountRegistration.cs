using Lightning.Data;
using Lightning.Data.Accounts;
using Lightning.Data.Users;
using Lightning.Identity.Audit;
using Lightning.Sessions.Providers;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;

namespace Lightning.Identity.Accounts;

/// <summary>Creates accounts, each with its user, for verified email addresses.</summary>
sealed class AccountRegistration(
    LightningDb db,
    UserManager<Account> accounts,
    AuditLog audit,
    IOptions<ProviderOptions> provider,
    TimeProvider clock
)
{
    /// <summary>The display name if none was given: the local part of the address.</summary>
    public static string DefaultName(string address) =>
        PersonName.Clean(address.Split('@')[0]) is { Length: > 0 } name ? name : "User";

    /// <summary>Creates an account in the caller's transaction.</summary>
    /// <param name="address">The verified email address.</param>
    /// <param name="name">The display name.</param>
    /// <param name="passwordHash">The password hash; null for an account without a password.</param>
    /// <param name="isAdmin">Whether the user is an administrator.</param>
    /// <param name="details">Additional data for the audit entry.</param>
    /// <returns>The account and an action to call after the commit; null if the address has an account.</returns>
    /// <exception cref="Microsoft.EntityFrameworkCore.DbUpdateException">
    /// Another request registered the address at the same time. The transaction can no longer be used.
    /// </exception>
    public async Task<(Account Account, Action Done)?> AddAsync(
        string address,
        string name,
        string? passwordHash,
        bool isAdmin,
        object details
    )
    {
        var now = clock.GetUtcNow();
        var account = new Account
        {
            Id = Guid.CreateVersion7(now),
            UserName = address,
            Email = address,
            EmailConfirmed = true,
            Name = name,
            CreatedAt = now,
            PasswordHash = passwordHash,
            LockoutEnabled = true,
        };
        if (!(await accounts.CreateAsync(account)).Succeeded)
            return null;
        db.Users.Add(
            new User
            {
                Id = account.Id,
                Issuer = provider.Value.Issuer,
                Subject = account.Id.ToString(),
                Email = address,
                EmailVerified = true,
                Name = name,
                IsAdmin = isAdmin,
                CreatedAt = now,
            }
        );
        var entry = audit.Add("registered", account.Id, subject: ("account", account.Id.ToString()), details: details);
        await db.SaveChangesAsync();
        return (account, () => audit.AfterCommit(entry, (log, entry) => Events.Registered(log, entry, isAdmin)));
    }
}
