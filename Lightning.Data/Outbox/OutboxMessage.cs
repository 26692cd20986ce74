using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Lightning.Data.Outbox;

/// <summary>Something to be sent, written in the transaction that decided it; its row goes when it has been sent.</summary>
public sealed class OutboxMessage
{
    /// <summary>Mail, sent by Identity.</summary>
    public const string Mail = "mail";

    /// <summary>A logout token to a relying party, sent by Identity. The payload is JSON and no secret: <c>{ "sid": …, "sub": … }</c>; written by the functions that end sessions.</summary>
    public const string Logout = "logout";

    /// <summary>That an account's owner is to be mailed a link for a new password; Identity makes and sends it. Written by the database function alone, for administrators.</summary>
    public const string PasswordReset = "password-reset";

    /// <summary>That an account's owner is to be told that an administrator took their second factor away; Identity writes and sends it. Written by the database function alone.</summary>
    public const string SecondFactorReset = "second-factor-reset";

    /// <summary>
    /// A refresh token to be revoked at another provider, by the relying party that holds it. The payload is the SHA-256 of the session's cookie and then the
    /// tokens as they stood in its row, encrypted.
    /// </summary>
    public const string Revocation = "revocation";

    /// <summary>Mail that could not be opened: kept for whoever runs the service, and tried no more.</summary>
    public const string UnreadableMail = "mail-unreadable";

    /// <summary>Its key.</summary>
    public Guid Id { get; init; }

    /// <summary>What it is, and thereby who sends it.</summary>
    public required string Kind { get; set; }

    /// <summary>Who gets it, where that matters before it is sent: the client of a logout token, the account of a reset, the application whose tokens are revoked.</summary>
    public string? Recipient { get; init; }

    /// <summary>The message. Mails are encrypted by the service that sends them: they hold one-time links.</summary>
    public required byte[] Payload { get; init; }

    /// <summary>When to try next, in UTC.</summary>
    public required DateTimeOffset DueAt { get; set; }

    /// <summary>How often it was tried.</summary>
    public int Attempts { get; set; }
}

sealed class OutboxTable : IEntityTypeConfiguration<OutboxMessage>
{
    public void Configure(EntityTypeBuilder<OutboxMessage> builder)
    {
        builder.ToTable("outbox", "identity");
        builder.Property(message => message.Kind).HasMaxLength(32);
        builder.Property(message => message.Recipient).HasMaxLength(100);
        builder.HasIndex(message => new { message.Kind, message.Recipient, message.DueAt });
        builder.HasIndex(message => new { message.Kind, message.DueAt });
    }
}
