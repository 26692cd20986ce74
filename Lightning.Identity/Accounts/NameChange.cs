using Lightning.Authorization;
using Lightning.Data;
using Lightning.Data.Accounts;
using Lightning.Data.Users;
using Lightning.Identity.Sessions;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Identity.Accounts;

/// <summary>
/// Changes the name of the signed-in user, by the same rule as the API. The database copies it to the account, and
/// every
/// process drops the user from its cache.
/// </summary>
sealed class NameChange(LightningDb db, UserPolicy policy, AccountEventRecorder events)
{
    /// <summary>Changes the name.</summary>
    /// <returns>False if the policy forbids it.</returns>
    public async Task<bool> ChangeAsync(HttpContext http, Account account, string name)
    {
        var session = http.BrowserSession()!;
        await using var transaction = await db.Database.BeginTransactionAsync();
        var user = await db.Users.AsNoTracking().SingleAsync(row => row.Id == account.Id);
        var actor = new Actor(user.Id, session.Id, user.IsAdmin, user.EmailVerified)
        {
            // An impersonation has no cookie here; if it ever has one, the rule refuses it.
            ActedBy = session.ActorSubject is null ? null : Guid.Empty,
        };
        var mine = db.Users.Where(policy, actor, Verb.Update).Where(row => row.Id == account.Id);
        if (await mine.ExecuteUpdateAsync(update => update.SetProperty(row => row.Name, name)) == 0)
            return false;
        if (name == user.Name)
            return true;
        var entry = events.Record(http, account, AccountEvent.NameChanged);
        await db.SaveChangesAsync();
        await transaction.CommitAsync();
        events.AfterCommit(entry, AccountEvent.NameChanged);
        return true;
    }
}
