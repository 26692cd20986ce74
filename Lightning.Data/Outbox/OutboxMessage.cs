using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Lightning.Data.Outbox;

/// <summary>Something to be sent, written in the transaction that decided it; its row goes when it has been sent.</summary>
public sealed class OutboxMessage
{
    /// <summary>Mail, sent by Identity.</summary>
    public const string Mail = "mail";

    /// <summary>Mail that could not be opened: kept for whoever runs the service, and tried no more.</summary>
    public const string UnreadableMail = "mail-unreadable";

    /// <summary>Its key; version 7, so that rows stand in order of time.</summary>
    public Guid Id { get; init; } = Guid.CreateVersion7();

    /// <summary>What it is, and thereby who sends it.</summary>
    public required string Kind { get; set; }

    /// <summary>The message, encrypted by the service that sends it: mails hold one-time links.</summary>
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
        builder.HasIndex(message => new { message.Kind, message.DueAt });
    }
}
