using Lightning.Admin.Registrations;
using Lightning.Data.Outbox;

namespace Lightning.Admin.Outbox;

/// <summary>What is still to be sent, without what it says: mails hold one-time links. It drains by itself; where it does not, that is what one comes to see.</summary>
public sealed class OutboxAdmin : AdminFor<WaitingMessage>
{
    /// <summary>States what is shown.</summary>
    public OutboxAdmin() : base("Outbox")
    {
        Few();
        List(message => message.Kind, message => message.Recipient, message => message.DueAt, message => message.Attempts);
        Called(message => message.Kind, "Message");
        Filter(message => message.Kind, OutboxMessage.Mail, OutboxMessage.Logout, OutboxMessage.PasswordReset, OutboxMessage.Revocation, OutboxMessage.UnreadableMail);
        Filter(message => message.DueAt).Filter(message => message.Attempts);
    }
}
