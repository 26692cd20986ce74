using Lightning.Authorization;

namespace Lightning.Data.Users;

/// <summary>
/// Users read, rename and export themselves. Administrators read and rename all users, and disable or delete all but
/// themselves. They may impersonate enabled users who are not administrators, so impersonation never adds a right.
/// </summary>
public sealed class UserPolicy : Policy<User>
{
    static readonly Rule<User> Self = Rule.For<User>((actor, user) => user.Id == actor.UserId, "it is another user");

    static readonly Rule<User> Administrator = Rule.For<User>(
        (actor, user) => user.IsAdmin,
        "the user is not an administrator"
    );
    static readonly Rule<User> Enabled = Rule.For<User>(
        (actor, user) => user.DisabledAt == null,
        "the user is disabled"
    );

    /// <summary>Defines the rules.</summary>
    public UserPolicy()
    {
        Allow(Verb.Read, Self | Is.Admin);
        Allow(Verb.Update, (Self & Is.NotImpersonated | Is.Admin) & Is.Writer).Fields(user => user.Name);
        Allow(Verb.Delete, Is.Admin & !Self & Is.Writer);
        Allow(Verb.Export, Self & Is.NotImpersonated);
        Allow(Verb.Disable, Is.Admin & !Self & Is.Writer);
        Allow(Verb.Impersonate, Is.Admin & !Self & !Administrator & Enabled & Is.NotImpersonated);
    }
}
