using Lightning.Authorization;

namespace Lightning.Data.Accounts;

/// <summary>
/// Users read their own account, administrators read every account, both without credentials. Administrators may reset
/// another account's second factor. Only Identity writes accounts.
/// </summary>
public sealed class AccountPolicy : Policy<Account>
{
    static readonly Rule<Account> Self = Rule.For<Account>(
        (actor, account) => account.Id == actor.UserId,
        "account belongs to another user"
    );

    /// <summary>Defines the rules.</summary>
    public AccountPolicy()
    {
        Allow(Verb.Read, Self | Is.Admin)
            .Fields(
                account => account.Id,
                account => account.Email,
                account => account.EmailConfirmed,
                account => account.Name,
                account => account.CreatedAt,
                account => account.TwoFactorEnabled,
                account => account.LockoutEnd,
                account => account.LockoutEnabled,
                account => account.AccessFailedCount
            );
        Allow(Verb.ResetSecondFactor, Is.Admin & !Self);
    }
}
