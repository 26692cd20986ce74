using Lightning.Admin.Engine.Registrations;
using Lightning.Data.Accounts;

namespace Lightning.Admin.Accounts;

/// <summary>Accounts without credentials: the admin site's database role cannot read them.</summary>
public sealed class AccountAdmin : AdminFor<Account>
{
    public AccountAdmin()
        : base("Accounts")
    {
        List(
            account => account.Email,
            account => account.Name,
            account => account.EmailConfirmed,
            account => account.TwoFactorEnabled,
            account => account.CreatedAt
        );
        Search(account => account.Email, account => account.Name).UsingIndex("ix_accounts_words");
        Filter(account => account.Email).Filter(account => account.CreatedAt);
        AuditedAs("account");
        // The account and its user have the same key.
        HistoryIncludes("user");
    }
}
