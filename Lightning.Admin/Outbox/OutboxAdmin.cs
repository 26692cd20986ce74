using Lightning.Admin.Audit;
using Lightning.Admin.Engine.Registrations;
using Lightning.Data.Outbox;
using Lightning.Sessions.Model;

namespace Lightning.Admin.Outbox;

/// <summary>
/// Pending outbox messages, without their content: mails contain one-time links. The list is normally empty; rows that
/// stay show a delivery problem.
/// </summary>
public sealed class OutboxAdmin : AdminFor<WaitingMessage>
{
    public OutboxAdmin()
        : base("Waiting messages")
    {
        SmallTable();
        Column("Kind", message => message.Kind, KindText);
        List(message => message.Recipient, message => message.DueAt, message => message.Attempts);
        HasLabel(message => message.Kind, "Message");
        Filter(
            message => message.Kind,
            OutboxMessage.Mail,
            OutboxMessage.Logout,
            OutboxMessage.PasswordReset,
            OutboxMessage.SecondFactorReset,
            OutboxMessage.Revocation,
            OutboxMessage.UnreadableMail
        );
        Filter(message => message.DueAt).Filter(message => message.Attempts);
    }

    static string KindText(string kind) =>
        kind switch
        {
            OutboxMessage.Mail => "Email",
            OutboxMessage.Logout => "Sign-out notice to an app",
            OutboxMessage.PasswordReset => "Password reset link",
            OutboxMessage.SecondFactorReset => "Second factor reset notice",
            OutboxMessage.Revocation => "Token revocation",
            OutboxMessage.UnreadableMail => "Unreadable email",
            _ => EventText.Describe(kind),
        };
}
