using Lightning.Data;
using Lightning.Data.Accounts;
using Lightning.Data.Audit;
using Lightning.Data.Rules;
using Lightning.Sessions;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Admin.Accounts;

/// <summary>
/// Asks Identity to mail somebody a link at which they choose a new password. This site can do no more than ask: its database role reaches neither links
/// nor mails nor passwords (ASVS 5.0, 6.4.6).
/// </summary>
public sealed partial class PasswordResets(LightningDb db, PasswordResetPolicy policy, Actor actor, TimeProvider clock, ILogger<PasswordResets> logger)
{
    /// <summary>In logs and in the audit book.</summary>
    public const string Asked = "password-reset-asked";

    /// <summary>Whether whoever is signed in may ask for it.</summary>
    public bool IsAllowed => policy.May(actor, Verb.Create);

    /// <summary>Asks for a link, and enters that into the book, or neither. Not cancelled with the request.</summary>
    /// <param name="accountId">Whose password it is.</param>
    /// <param name="ip">Where the request came from.</param>
    /// <returns>False where one is on its way already, or there is no such account.</returns>
    /// <exception cref="InvalidOperationException">The actor may not.</exception>
    public async Task<bool> AskAsync(Guid accountId, string? ip)
    {
        if (!IsAllowed) throw new InvalidOperationException("A password reset that the actor may not ask for.");
        await using var transaction = await db.Database.BeginTransactionAsync();
        var asked = await db.Database.SqlQuery<bool>($"""SELECT identity.request_password_reset({accountId}, {actor.SessionId}) AS "Value" """).ToListAsync();
        if (asked is not [true]) return false;
        db.AuditEntries.Add(new AuditEntry
        {
            At = clock.GetUtcNow(),
            Action = Asked,
            UserId = actor.UserId,
            SessionId = actor.SessionId,
            SubjectType = "account",
            SubjectId = accountId.ToString(),
            Ip = ip,
        });
        await db.SaveChangesAsync();
        await transaction.CommitAsync();
        LogAsked(logger, actor.UserId, accountId, new SessionMark(actor.SessionId), ip);
        return true;
    }

    [LoggerMessage(EventId = 2001, EventName = Asked, Level = LogLevel.Warning,
        Message = "Administrator {UserId} had account {AccountId} asked for a new password, in session {SessionMark}, from {Ip}")]
    static partial void LogAsked(ILogger logger, Guid userId, Guid accountId, SessionMark sessionMark, string? ip);
}
