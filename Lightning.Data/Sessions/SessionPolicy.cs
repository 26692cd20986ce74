using Lightning.Data.Rules;

namespace Lightning.Data.Sessions;

/// <summary>Sessions are seen and ended by whose they are, and by administrators. To end one is to delete it: the row stays for the record.</summary>
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

/// <summary>Everybody's sessions at once, whoever they are: ended by administrators only.</summary>
public sealed class EverySessionPolicy : HeadlessPolicy
{
    /// <summary>States the rules.</summary>
    public EverySessionPolicy() => Allow(Verb.Delete, Is.Admin);
}
