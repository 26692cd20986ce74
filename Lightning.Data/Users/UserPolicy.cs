using Lightning.Data.Rules;

namespace Lightning.Data.Users;

/// <summary>People see and rename themselves; administrators see and rename everybody, and remove anybody but themselves.</summary>
public sealed class UserPolicy : Policy<User>
{
    static readonly Rule<User> Self = Rule.For<User>((actor, user) => user.Id == actor.UserId, "somebody else");

    /// <summary>States the rules.</summary>
    public UserPolicy()
    {
        Allow(Verb.Read, Self | Is.Admin);
        Allow(Verb.Update, Self | Is.Admin).Fields(user => user.Name);
        Allow(Verb.Delete, Is.Admin & !Self);
    }
}
