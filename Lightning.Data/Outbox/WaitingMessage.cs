using Lightning.Authorization;
using Lightning.Data.Audit;
using Lightning.Sessions.Model;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Lightning.Data.Outbox;

/// <summary>
/// An <see cref="OutboxMessage"/> without its payload, for administrators, who may not read mails.
/// </summary>
[Audited("message")]
public sealed class WaitingMessage
{
    /// <summary>The message's key.</summary>
    public Guid Id { get; private set; }

    /// <summary>The kind, which determines the service that sends it.</summary>
    public string Kind { get; private set; } = null!;

    /// <summary>See <see cref="OutboxMessage.Recipient"/>.</summary>
    public string? Recipient { get; private set; }

    /// <summary>When to try next (UTC).</summary>
    public DateTimeOffset DueAt { get; private set; }

    /// <summary>The number of attempts so far.</summary>
    public int Attempts { get; private set; }

    /// <summary>Whether it is too late to send it, because its links have expired.</summary>
    public bool IsExpired { get; private set; }

    /// <summary>See <see cref="OutboxMessage.FailedAt"/>.</summary>
    public DateTimeOffset? FailedAt { get; private set; }

    /// <summary>See <see cref="OutboxMessage.LastError"/>.</summary>
    public string? LastError { get; private set; }
}

/// <summary>Administrators read waiting messages and have them sent again.</summary>
public sealed class WaitingMessagePolicy : Policy<WaitingMessage>
{
    /// <summary>Defines the rules.</summary>
    public WaitingMessagePolicy()
    {
        Allow(Verb.Read, Is.Admin);
        Allow(Verb.Update, Is.Admin);
    }
}

sealed class WaitingMessageView : IEntityTypeConfiguration<WaitingMessage>
{
    public void Configure(EntityTypeBuilder<WaitingMessage> builder) =>
        builder.ToView("waiting_messages", "identity").HasKey(message => message.Id);
}
