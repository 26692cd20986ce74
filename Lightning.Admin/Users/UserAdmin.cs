using Lightning.Admin.Engine.Registrations;
using Lightning.Data.Accounts;
using Lightning.Data.Users;
using Lightning.Sessions.Providers;

namespace Lightning.Admin.Users;

/// <summary>Users of the product.</summary>
public sealed class UserAdmin : AdminFor<User>
{
    public UserAdmin()
        : base("Users")
    {
        List(
            user => user.Email,
            user => user.Name,
            user => user.EmailVerified,
            user => user.IsAdmin,
            user => user.DisabledAt,
            user => user.CreatedAt
        );
        Search(user => user.Email, user => user.Name).UsingIndex("ix_users_words");
        Filter(user => user.Email).Filter(user => user.CreatedAt);
        Edit(user => user.Name)
            .ReadOnly("Account", user => user.Id)
            .ReadOnly(user => user.Issuer, user => user.Subject);
        // Users of the built-in provider have an account with the same key; users of an external provider have none.
        HasReference<Account>(user => user.Id);
        HistoryIncludes("account");
        EditInList(user => user.Name);
        Check(user => user.Name, PersonName.Validate);
    }
}
