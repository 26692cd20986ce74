using Lightning.Identity.Mail;
using Lightning.Identity.Polling;
using Lightning.Sessions.Model;

namespace Lightning.Identity.Accounts;

/// <summary>
/// Processes requests from the admin site. For a password reset it mails a link that only the mailbox owner sees (ASVS
/// 5.0, 6.4.6); for a second factor reset it mails a notice (6.3.7).
/// </summary>
sealed partial class ResetRequestService(
    IServiceScopeFactory scopes,
    MailOutbox outbox,
    TimeProvider clock,
    ILogger<ResetRequestService> logger
) : OutboxPollingService(scopes, clock)
{
    protected override string[] Kinds => [OutboxMessage.PasswordReset, OutboxMessage.SecondFactorReset];

    protected override void LogDatabaseAway(Exception ex) => LogUnavailable(ex);

    protected override async Task<bool> HandleAsync(
        IServiceProvider services,
        OutboxMessage message,
        CancellationToken cancellationToken
    )
    {
        var account = Guid.Parse(message.Recipient!);
        var isMailed =
            message.Kind == OutboxMessage.PasswordReset
                ? await services
                    .GetRequiredService<AccountLinkMailer>()
                    .AddPasswordResetAsync(account, cancellationToken)
                : await services
                    .GetRequiredService<AccountEventRecorder>()
                    .NotifyOfResetAsync(account, message.DueAt, cancellationToken);
        if (!isMailed)
            LogNotSent(message.Recipient!);
        return true;
    }

    protected override void AfterCommit() => outbox.Wake();

    [LoggerMessage(
        EventId = 1401,
        Level = LogLevel.Warning,
        Message = "No mail was sent to account {AccountId} for an administrator's request: it was deleted, or its mail "
            + "limit is reached"
    )]
    partial void LogNotSent(string accountId);

    [LoggerMessage(
        EventId = 1402,
        Level = LogLevel.Warning,
        Message = "Administrators' requests cannot be read because the database is unavailable; retrying later"
    )]
    partial void LogUnavailable(Exception ex);
}
