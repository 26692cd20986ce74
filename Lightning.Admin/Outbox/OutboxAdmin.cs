using Lightning.Admin.Audit;
using Lightning.Admin.Engine.Registrations;
using Lightning.Authorization;
using Lightning.Data.Audit;
using Lightning.Data.Outbox;
using Lightning.Sessions.Model;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Admin.Outbox;

/// <summary>
/// Messages that are not sent yet, or could not be, without their content: mails contain one-time links. The list is
/// normally empty; rows that stay show a delivery problem, and its reason.
/// </summary>
public sealed class OutboxAdmin : AdminFor<WaitingMessage>
{
    /// <summary>The event name in the audit log.</summary>
    public const string SentAgain = "message-sent-again";

    public OutboxAdmin()
        : base("Unsent messages")
    {
        SmallTable();
        Column("Kind", message => message.Kind, KindText);
        List(
            message => message.FailedAt,
            message => message.LastError,
            message => message.Attempts,
            message => message.DueAt,
            message => message.IsExpired,
            message => message.Recipient
        );
        HasLabel(message => message.Kind, "Message");
        Filter(
            message => message.Kind,
            OutboxMessage.Mail,
            OutboxMessage.Logout,
            OutboxMessage.PasswordReset,
            OutboxMessage.SecondFactorReset,
            OutboxMessage.Invitation,
            OutboxMessage.Revocation
        );
        Filter(message => message.FailedAt)
            .Filter(message => message.DueAt)
            .Filter(message => message.Attempts)
            .Filter(message => message.IsExpired);
        Action("Send again", Verb.Update, SendAgainAsync)
            .When(
                message => !message.IsExpired && (message.FailedAt != null || message.Attempts > 0),
                "not tried yet, or too old to be sent"
            )
            .Confirm("Send {count} messages again?");
    }

    /// <summary>The database sends: this site's role can neither read nor write messages.</summary>
    static async Task SendAgainAsync(IReadOnlyList<WaitingMessage> messages, RowActionContext context)
    {
        foreach (var message in messages)
        {
            var sent = await context
                .Db.Database.SqlQuery<bool>(
                    $"""SELECT identity.send_again({message.Id}, {context.Actor.SessionId}) AS "Value" """
                )
                .ToListAsync(context.CancellationToken);
            // It may have been sent in the meantime.
            if (sent is not [true])
                continue;
            context.Db.Add(
                new AuditEntry
                {
                    At = context.Now,
                    Action = SentAgain,
                    UserId = context.Actor.UserId,
                    SessionId = context.Actor.SessionId,
                    SubjectType = "message",
                    SubjectId = message.Id.ToString(),
                }
            );
        }
    }

    static string KindText(string kind) =>
        kind switch
        {
            OutboxMessage.Mail => "Email",
            OutboxMessage.Logout => "Sign-out notice to an app",
            OutboxMessage.PasswordReset => "Password reset link",
            OutboxMessage.SecondFactorReset => "Second factor reset notice",
            OutboxMessage.Invitation => "Invitation",
            OutboxMessage.Revocation => "Token revocation",
            _ => EventText.Describe(kind),
        };
}
