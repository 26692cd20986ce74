using Lightning.Data.Rules;

namespace Lightning.Data.Sessions;

/// <summary>Sessions are seen by whose they are, and by administrators.</summary>
public sealed class SessionPolicy : Policy<Session>
{
    static readonly Rule<Session> Owner = Rule.For<Session>((actor, session) => session.UserId == actor.UserId);

    /// <summary>States the rules.</summary>
    public SessionPolicy() => Allow(Verb.Read, Owner | Is.Admin);
}
