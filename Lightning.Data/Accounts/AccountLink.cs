using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Lightning.Data.Accounts;

/// <summary>The purpose of a one-time link.</summary>
public enum AccountLinkPurpose
{
    /// <summary>Choose a password for a new account; the link confirms the address.</summary>
    Register,

    /// <summary>Choose a new password for an account.</summary>
    ResetPassword,

    /// <summary>
    /// Create an account for the person whom an upstream provider authenticated in the same browser; the link confirms
    /// the address.
    /// </summary>
    RegisterUpstream,

    /// <summary>Change an account's address to the one that the link was sent to.</summary>
    ChangeAddress,
}

/// <summary>What a new one-time link is for.</summary>
/// <param name="Purpose">The purpose.</param>
/// <param name="Address">The address that the link is sent to.</param>
public sealed record AccountLinkRequest(AccountLinkPurpose Purpose, string Address)
{
    /// <summary>The name given with a registration.</summary>
    public string Name { get; init; } = "";

    /// <summary>The signed-in account that asked for the link; null if none was signed in.</summary>
    public Guid? AccountId { get; init; }

    /// <summary>Whether the account becomes an administrator.</summary>
    public bool GrantsAdmin { get; init; }
}

/// <summary>
/// A one-time link that confirms an address. The owner of the mailbox chooses the password, so an account cannot be
/// prepared for another person's address.
/// </summary>
public sealed class AccountLink
{
    /// <summary>How long a mailed link is valid. ASVS 5.0, 6.5.5.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    /// <summary>SHA-256 of the token in the link.</summary>
    public required byte[] TokenHash { get; init; }

    /// <summary>The purpose.</summary>
    public required AccountLinkPurpose Purpose { get; init; }

    /// <summary>The address that the link was sent to.</summary>
    public required string Address { get; init; }

    /// <summary>The signed-in account that asked for the link; null if none was signed in.</summary>
    public Guid? AccountId { get; init; }

    /// <summary>The name given with a registration.</summary>
    public string Name { get; init; } = "";

    /// <summary>
    /// Whether the account becomes an administrator; true only for links that <c>create-admin</c> prints.
    /// </summary>
    public bool GrantsAdmin { get; init; }

    /// <summary>When the link was created (UTC).</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When the link expires (UTC).</summary>
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>When the link was used (UTC); null if it was not.</summary>
    public DateTimeOffset? UsedAt { get; set; }

    /// <summary>Creates a link and its token of 256 random bits. Only the token's hash is stored.</summary>
    /// <param name="request">What the link is for.</param>
    /// <param name="now">The current time (UTC).</param>
    public static (AccountLink Link, string Token) Create(AccountLinkRequest request, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(request);
        var token = WebEncoders.Base64UrlEncode(RandomNumberGenerator.GetBytes(32));
        var link = new AccountLink
        {
            TokenHash = Hash(token),
            Purpose = request.Purpose,
            Address = request.Address,
            AccountId = request.AccountId,
            Name = request.Name,
            GrantsAdmin = request.GrantsAdmin,
            CreatedAt = now,
            ExpiresAt = now + Lifetime,
        };
        return (link, token);
    }

    /// <summary>The hash under which a token is stored.</summary>
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
