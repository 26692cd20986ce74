using Lightning.Data.Rules;

namespace Lightning.Data.Sessions;

/// <summary>Sessions are seen and ended by whose they are, and by administrators.</summary>
public sealed class SessionPolicy : Policy<Session>
{
    static readonly Rule<Session> Owner = Rule.For<Session>((actor, session) => session.UserId == actor.UserId, "session belongs to another user");

    /// <summary>States the rules.</summary>
    public SessionPolicy()
    {
        Allow(Verb.Read, Owner | Is.Admin);
        Allow(Verb.Delete, Owner | Is.Admin);
    }
}
