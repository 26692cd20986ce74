using Lightning.Admin.Registrations;
using Lightning.Data.Accounts;
using Lightning.Data.Users;

namespace Lightning.Admin.Users;

/// <summary>People as the product knows them.</summary>
public sealed class UserAdmin : AdminFor<User>
{
    /// <summary>States what is shown.</summary>
    public UserAdmin() : base("Users")
    {
        List(user => user.Email, user => user.Name, user => user.EmailVerified, user => user.IsAdmin, user => user.DisabledAt, user => user.CreatedAt);
        Search(user => user.Email, user => user.Name).ServedBy("ix_users_words");
        Filter(user => user.Email).Filter(user => user.CreatedAt);
        Edit(user => user.Name).ReadOnly("Account", user => user.Id).ReadOnly(user => user.Issuer, user => user.Subject);
        // Whoever signs in with this product has an account of the same key; whom another provider signs in has none.
        Refers<Account>(user => user.Id);
        EditInList(user => user.Name);
        Check(user => user.Name, name => string.IsNullOrWhiteSpace(name) ? "Everybody has a name." : null);
    }
}
