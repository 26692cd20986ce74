using Lightning.Data.Rules;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Lightning.Data.Outbox;

/// <summary>That an <see cref="OutboxMessage"/> waits, without what it says: for whoever runs the service, and may read no mail.</summary>
public sealed class WaitingMessage
{
    /// <summary>The message's key.</summary>
    public Guid Id { get; private set; }

    /// <summary>What it is, and thereby who sends it.</summary>
    public string Kind { get; private set; } = null!;

    /// <summary>Who gets it, where that matters before it is sent.</summary>
    public string? Recipient { get; private set; }

    /// <summary>When to try next, in UTC.</summary>
    public DateTimeOffset DueAt { get; private set; }

    /// <summary>How often it was tried.</summary>
    public int Attempts { get; private set; }
}

/// <summary>What waits to be sent is administrators' to see.</summary>
public sealed class WaitingMessagePolicy : Policy<WaitingMessage>
{
    /// <summary>States the rules.</summary>
    public WaitingMessagePolicy() => Allow(Verb.Read, Is.Admin);
}

sealed class WaitingMessageView : IEntityTypeConfiguration<WaitingMessage>
{
    public void Configure(EntityTypeBuilder<WaitingMessage> builder) => builder.ToView("waiting_messages", "identity").HasKey(message => message.Id);
}
