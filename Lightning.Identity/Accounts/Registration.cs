using Lightning.Data;
using Lightning.Data.Accounts;
using Lightning.Data.Users;
using Lightning.Identity.Audit;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;

namespace Lightning.Identity.Accounts;

/// <summary>Makes accounts, each with its user of the product, for addresses that are proved.</summary>
sealed class Registration(LightningDb db, UserManager<Account> accounts, AuditBook audit, IOptions<ProviderOptions> provider, TimeProvider clock)
{
    /// <summary>What somebody is called who has not said it.</summary>
    public static string NameOf(string address) => address.Split('@')[0] is { Length: <= User.NameLength } local ? local : address[..User.NameLength];

    /// <summary>Makes an account in the caller's transaction.</summary>
    /// <param name="address">The address.</param>
    /// <param name="name">What the person wants to be called.</param>
    /// <param name="passwordHash">Their password; null where they sign in another way.</param>
    /// <param name="isAdmin">Whether the admin site is open to them.</param>
    /// <param name="details">What the book should say of it.</param>
    /// <returns>The account, and what to call once it is committed; null where the address has one.</returns>
    /// <exception cref="Microsoft.EntityFrameworkCore.DbUpdateException">The address got one at the same moment. The transaction is then of no use any more.</exception>
    public async Task<(Account Account, Action Done)?> AddAsync(string address, string name, string? passwordHash, bool isAdmin, object details)
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
        if (!(await accounts.CreateAsync(account)).Succeeded) return null;
        db.Users.Add(new User
        {
            Id = account.Id,
            Issuer = provider.Value.Issuer,
            Subject = account.Id.ToString(),
            Email = address,
            EmailVerified = true,
            Name = name,
            IsAdmin = isAdmin,
            CreatedAt = now,
        });
        var entry = audit.Enter("registered", account.Id, subject: ("account", account.Id.ToString()), details: details);
        await db.SaveChangesAsync();
        return (account, () => audit.Done(entry, (log, entry) => Events.Registered(log, entry, isAdmin)));
    }
}
