using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Lightning.Data.Accounts;

/// <summary>What a one-time link lets its bearer do.</summary>
public enum AccountLinkPurpose
{
    /// <summary>Choose a password for a new account at the address, which the link thereby confirms.</summary>
    Register,

    /// <summary>Choose a new password for an account.</summary>
    ResetPassword,

    /// <summary>Make an account at the address, which the link thereby confirms, for the person whom an upstream provider vouches for in the same browser.</summary>
    RegisterUpstream,

    /// <summary>Give an account the address that the link was sent to.</summary>
    ChangeAddress,
}

/// <summary>
/// A one-time link that proves an address. Whoever holds the mailbox chooses the password, so nobody can prepare an account for somebody else's address.
/// </summary>
public sealed class AccountLink
{
    /// <summary>How long a mailed link works. ASVS 5.0, 6.5.5.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    /// <summary>SHA-256 of the token in the link.</summary>
    public required byte[] TokenHash { get; init; }

    /// <summary>What it is good for.</summary>
    public required AccountLinkPurpose Purpose { get; init; }

    /// <summary>The address it was sent to.</summary>
    public required string Address { get; init; }

    /// <summary>The account that asked, where it was signed in.</summary>
    public Guid? AccountId { get; init; }

    /// <summary>The name given with a registration.</summary>
    public string Name { get; init; } = "";

    /// <summary>Whether the account becomes an administrator's; only a link printed by the command line says so.</summary>
    public bool GrantsAdmin { get; init; }

    /// <summary>When it was made, in UTC.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it ends unused, in UTC.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>When it was used, in UTC.</summary>
    public DateTimeOffset? UsedAt { get; set; }

    /// <summary>A new link and the token that opens it: 256 random bits, kept nowhere.</summary>
    public static (AccountLink Link, string Token) Create(
        AccountLinkPurpose purpose, string address, string name, DateTimeOffset now, bool grantsAdmin = false, TimeSpan? lifetime = null, Guid? accountId = null)
    {
        var token = WebEncoders.Base64UrlEncode(RandomNumberGenerator.GetBytes(32));
        var link = new AccountLink
        {
            TokenHash = Hash(token),
            Purpose = purpose,
            Address = address,
            AccountId = accountId,
            Name = name,
            GrantsAdmin = grantsAdmin,
            CreatedAt = now,
            ExpiresAt = now + (lifetime ?? Lifetime),
        };
        return (link, token);
    }

    /// <summary>What is kept of a token.</summary>
    public static byte[] Hash(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));
}

sealed class AccountLinkTable : IEntityTypeConfiguration<AccountLink>
{
    public void Configure(EntityTypeBuilder<AccountLink> builder)
    {
        builder.ToTable("account_links", "identity");
        builder.HasKey(link => link.TokenHash);
        builder.Property(link => link.Purpose).HasConversion<string>().HasMaxLength(32);
        builder.Property(link => link.Address).HasMaxLength(256);
        builder.Property(link => link.Name).HasMaxLength(256);
        builder.HasOne<Account>().WithMany().HasForeignKey(link => link.AccountId).OnDelete(DeleteBehavior.Cascade);
        builder.HasIndex(link => link.ExpiresAt);
    }
}
