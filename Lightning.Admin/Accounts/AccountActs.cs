using Lightning.Data;
using Lightning.Data.Accounts;
using Lightning.Data.Audit;
using Lightning.Data.Rules;
using Lightning.Data.Sessions;
using Lightning.Data.Users;
using Lightning.Sessions;
using Lightning.Sessions.Ends;
using Lightning.Sessions.WebSessions;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Admin.Accounts;

/// <summary>
/// Does what an administrator may do about an account. Each act is a database function, because this site's role could not write the rows; those with a function of their own ask for the right by
/// themselves, and the one that ends sessions, which others call too, relies on whoever calls it.
/// The act and its line in the book are one transaction, which is not cancelled with the request.
/// </summary>
public sealed partial class AccountActs(
    LightningDb db, UserPolicy users, AccountPolicy accounts, SessionPolicy sessions, SessionEnds ends, Actor actor, TimeProvider clock, ILogger<AccountActs> logger)
{
    /// <summary>Which acts are possible for an account as it is now.</summary>
    public async Task<IReadOnlyList<AccountAct>> PossibleAsync(Guid id, CancellationToken cancellationToken)
    {
        var possible = new List<AccountAct>();
        foreach (var act in AccountAct.All)
            if (await MayAsync(act, id, cancellationToken)) possible.Add(act);
        return possible;
    }

    /// <summary>Whether the actor may do it, and there is something to do.</summary>
    public Task<bool> MayAsync(AccountAct act, Guid id, CancellationToken cancellationToken)
    {
        var user = db.Users.AsNoTracking().Where(users, actor, Verb.Disable).Where(user => user.Id == id);
        if (act == AccountAct.Disable) return user.AnyAsync(user => user.DisabledAt == null, cancellationToken);
        if (act == AccountAct.Enable) return user.AnyAsync(user => user.DisabledAt != null, cancellationToken);
        if (act == AccountAct.Remove) return db.Users.AsNoTracking().Where(users, actor, Verb.Delete).AnyAsync(user => user.Id == id, cancellationToken);
        if (act == AccountAct.ResetSecondFactor) return db.Accounts.Where(accounts, actor, Verb.ResetSecondFactor).AnyAsync(account => account.Id == id, cancellationToken);
        var now = clock.GetUtcNow();
        return db.Sessions.Where(sessions, actor, Verb.Delete).AnyAsync(session => session.UserId == id && session.EndedAt == null && session.EndsAt > now, cancellationToken);
    }

    /// <summary>Does it, and enters it into the book, or neither.</summary>
    /// <returns>False where there was nothing to do any more, or the database refuses.</returns>
    public async Task<bool> DoAsync(AccountAct act, Guid id, LiveSession asker, string? ip)
    {
        ArgumentNullException.ThrowIfNull(act);
        ArgumentNullException.ThrowIfNull(asker);
        if (act is not { Event: { } action, Function: { } function }) return await ends.EndUserAsync(id, EndedBy.Administrator, asker, ip) > 0;
        await using var transaction = await db.Database.BeginTransactionAsync();
        if (!(await db.Database.SqlQuery<bool>(function(id, asker.Id)).ToListAsync()).Single()) return false;
        db.AuditEntries.Add(new AuditEntry
        {
            At = clock.GetUtcNow(),
            Action = action,
            UserId = actor.UserId,
            SessionId = actor.SessionId,
            // A removal is the same line as the API's.
            SubjectType = act == AccountAct.Remove ? "user" : "account",
            SubjectId = id.ToString(),
            Ip = ip,
        });
        await db.SaveChangesAsync();
        await transaction.CommitAsync();
        LogDone(logger, action, actor.UserId, id, new SessionMark(actor.SessionId), ip);
        return true;
    }

    [LoggerMessage(EventId = 2002, EventName = "account-act", Level = LogLevel.Warning, Message = "{Action}: administrator {UserId}, account {AccountId}, in session {SessionMark}, from {Ip}")]
    static partial void LogDone(ILogger logger, string action, Guid userId, Guid accountId, SessionMark sessionMark, string? ip);
}
