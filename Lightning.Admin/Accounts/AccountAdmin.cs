using Lightning.Admin.Registrations;
using Lightning.Data.Accounts;

namespace Lightning.Admin.Accounts;

/// <summary>Accounts, without anything that is a credential: the site's database role cannot read those.</summary>
public sealed class AccountAdmin : AdminFor<Account>
{
    /// <summary>States what is shown.</summary>
    public AccountAdmin(AccountPolicy policy) : base("Accounts", policy, account => account.Id)
    {
        Column("Email", account => account.Email);
        Column("Name", account => account.Name);
        Column("Confirmed", account => account.EmailConfirmed);
        Column("Created", account => account.CreatedAt);
    }

    /// <inheritdoc/>
    public override string PageOf(Guid key) => $"/accounts/{key}";
}
