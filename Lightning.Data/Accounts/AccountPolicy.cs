using Lightning.Data.Rules;

namespace Lightning.Data.Accounts;

/// <summary>
/// Accounts are seen by whose they are, and by administrators, without anything that is a credential; nobody writes them but Identity. An administrator may have somebody else's second factor taken away, and
/// changes their own where everybody does.
/// </summary>
public sealed class AccountPolicy : Policy<Account>
{
    static readonly Rule<Account> Self = Rule.For<Account>((actor, account) => account.Id == actor.UserId, "account belongs to another user");

    /// <summary>States the rules.</summary>
    public AccountPolicy()
    {
        Allow(Verb.Read, Self | Is.Admin).Fields(
            account => account.Id, account => account.Email, account => account.EmailConfirmed, account => account.Name, account => account.CreatedAt, account => account.TwoFactorEnabled,
            account => account.LockoutEnd, account => account.LockoutEnabled, account => account.AccessFailedCount);
        Allow(Verb.ResetSecondFactor, Is.Admin & !Self);
    }
}
