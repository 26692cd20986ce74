using Lightning.Admin.Audit;
using Lightning.Authorization;
using Lightning.Data;
using Lightning.Sessions;
using Lightning.Sessions.Termination;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Admin.Accounts;

/// <summary>
/// Performs operations on accounts. Each is a database function because this site's role cannot write the rows; the
/// functions check the administrator's rights themselves. Writes are not cancelled with the request.
/// </summary>
public sealed partial class AccountOperations(
    LightningDb db,
    AccountPolicies policies,
    SessionTerminator terminator,
    AdminAudit audit,
    ILogger<AccountOperations> logger
)
{
    readonly Actor actor = audit.Actor;

    /// <summary>The operations that the actor may perform on an account in its current state.</summary>
    public async Task<IReadOnlyList<AccountOperation>> PossibleAsync(Guid id, CancellationToken cancellationToken)
    {
        var possible = new List<AccountOperation>();
        foreach (var operation in AccountOperation.All)
            if (await MayAsync(operation, id, cancellationToken))
                possible.Add(operation);
        return possible;
    }

    /// <summary>Whether the actor may perform the operation and it would have an effect.</summary>
    public Task<bool> MayAsync(AccountOperation operation, Guid id, CancellationToken cancellationToken)
    {
        var user = db.Users.AsNoTracking().Where(policies.Users, actor, Verb.Disable).Where(user => user.Id == id);
        if (operation == AccountOperation.Disable)
            return user.AnyAsync(user => user.DisabledAt == null, cancellationToken);
        if (operation == AccountOperation.Enable)
            return user.AnyAsync(user => user.DisabledAt != null, cancellationToken);
        if (operation == AccountOperation.Remove)
            return db
                .Users.AsNoTracking()
                .Where(policies.Users, actor, Verb.Delete)
                .AnyAsync(user => user.Id == id, cancellationToken);
        if (operation == AccountOperation.ResetSecondFactor)
            return db
                .Accounts.Where(policies.Accounts, actor, Verb.ResetSecondFactor)
                .AnyAsync(account => account.Id == id, cancellationToken);
        var now = audit.Now;
        return db
            .Sessions.Where(policies.Sessions, actor, Verb.Delete)
            .AnyAsync(
                session => session.UserId == id && session.EndedAt == null && session.EndsAt > now,
                cancellationToken
            );
    }

    /// <summary>Performs the operation and records it in the audit log, in one transaction.</summary>
    /// <returns>False if there was nothing to do or the database refused.</returns>
    public async Task<bool> DoAsync(AccountOperation operation, Guid id, SessionRequester requester)
    {
        ArgumentNullException.ThrowIfNull(operation);
        ArgumentNullException.ThrowIfNull(requester);
        if (operation is not { Event: { } action, Function: { } function })
            return await terminator.EndUserAsync(id, SessionEndReason.Administrator, requester) > 0;
        await using var transaction = await db.Database.BeginTransactionAsync();
        if (!(await db.Database.SqlQuery<bool>(function(id, requester.SessionId)).ToListAsync()).Single())
            return false;
        // A deletion has the same audit entry as the API's.
        audit.Add(action, operation == AccountOperation.Remove ? "user" : "account", id, requester.Ip);
        await db.SaveChangesAsync();
        await transaction.CommitAsync();
        LogDone(action, actor.UserId, id, new SessionLogId(actor.SessionId), requester.Ip);
        return true;
    }

    [LoggerMessage(
        EventId = 2002,
        EventName = "account-act",
        Level = LogLevel.Warning,
        Message = "{Action}: administrator {UserId}, account {AccountId}, in session {SessionLogId}, from {Ip}"
    )]
    partial void LogDone(string action, Guid userId, Guid accountId, SessionLogId sessionLogId, string? ip);
}
