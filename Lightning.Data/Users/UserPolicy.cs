using Lightning.Data.Rules;

namespace Lightning.Data.Users;

/// <summary>
/// People see and rename themselves, and take along what is theirs; administrators see and rename everybody, and shut out or remove anybody but themselves. They act as
/// anybody who is no administrator and not shut out, and so never gain a right by it.
/// </summary>
public sealed class UserPolicy : Policy<User>
{
    static readonly Rule<User> Self = Rule.For<User>((actor, user) => user.Id == actor.UserId, "somebody else");

    static readonly Rule<User> Administrator = Rule.For<User>((actor, user) => user.IsAdmin, "no administrator");
    static readonly Rule<User> Welcome = Rule.For<User>((actor, user) => user.DisabledAt == null, "shut out");

    /// <summary>States the rules.</summary>
    public UserPolicy()
    {
        Allow(Verb.Read, Self | Is.Admin);
        Allow(Verb.Update, Self & Is.Themself | Is.Admin).Fields(user => user.Name);
        Allow(Verb.Delete, Is.Admin & !Self);
        Allow(Verb.Export, Self & Is.Themself);
        Allow(Verb.Disable, Is.Admin & !Self);
        Allow(Verb.ActAs, Is.Admin & !Self & !Administrator & Welcome & Is.Themself);
    }
}
