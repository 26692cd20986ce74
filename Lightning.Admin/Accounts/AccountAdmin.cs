using Lightning.Admin.Registrations;
using Lightning.Data.Accounts;

namespace Lightning.Admin.Accounts;

/// <summary>Accounts, without anything that is a credential: the site's database role cannot read those.</summary>
public sealed class AccountAdmin : AdminFor<Account>
{
    /// <summary>States what is shown.</summary>
    public AccountAdmin() : base("Accounts")
    {
        List(account => account.Email, account => account.Name, account => account.EmailConfirmed, account => account.TwoFactorEnabled, account => account.CreatedAt);
        Search(account => account.Email, account => account.Name).ServedBy("ix_accounts_words");
        Filter(account => account.Email).Filter(account => account.CreatedAt);
        InTheBookAs("account");
    }
}
