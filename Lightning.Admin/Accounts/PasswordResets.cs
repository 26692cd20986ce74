using Lightning.Admin.Audit;
using Lightning.Authorization;
using Lightning.Data;
using Lightning.Data.Accounts;
using Lightning.Sessions;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Admin.Accounts;

/// <summary>
/// Asks Identity to email a password reset link. This site's database role cannot read links, mails or passwords (ASVS
/// 5.0, 6.4.6).
/// </summary>
public sealed partial class PasswordResets(
    LightningDb db,
    PasswordResetPolicy policy,
    Actor actor,
    AdminAudit audit,
    ILogger<PasswordResets> logger
)
{
    /// <summary>The event name in logs and the audit log.</summary>
    public const string Asked = "password-reset-asked";

    /// <summary>Whether the actor may request a password reset.</summary>
    public bool IsAllowed => policy.May(actor, Verb.Create);

    /// <summary>
    /// Requests a link and records that in the audit log, in one transaction. Not cancelled with the request.
    /// </summary>
    /// <param name="accountId">The account's id.</param>
    /// <param name="ip">The administrator's IP address.</param>
    /// <returns>False if a request is already pending or there is no such account.</returns>
    /// <exception cref="InvalidOperationException">The actor is not allowed to request a password reset.</exception>
    public async Task<bool> RequestAsync(Guid accountId, string? ip)
    {
        if (!IsAllowed)
            throw new InvalidOperationException("The actor may not request a password reset.");
        await using var transaction = await db.Database.BeginTransactionAsync();
        var asked = await db
            .Database.SqlQuery<bool>(
                $"""SELECT identity.request_password_reset({accountId}, {actor.SessionId}) AS "Value" """
            )
            .ToListAsync();
        if (asked is not [true])
            return false;
        audit.Add(Asked, "account", accountId, ip);
        await db.SaveChangesAsync();
        await transaction.CommitAsync();
        LogAsked(logger, actor.UserId, accountId, new SessionLogId(actor.SessionId), ip);
        return true;
    }

    [LoggerMessage(
        EventId = 2001,
        EventName = Asked,
        Level = LogLevel.Warning,
        Message = "Administrator {UserId} requested a password reset for account {AccountId} in session "
            + "{SessionLogId}, from {Ip}"
    )]
    static partial void LogAsked(ILogger logger, Guid userId, Guid accountId, SessionLogId sessionLogId, string? ip);
}
