using Lightning.Authorization;

namespace Lightning.Data.Sessions;

/// <summary>
/// Users read and end their own sessions, administrators all. <see cref="Verb.Delete"/> ends a session; its row stays.
/// </summary>
public sealed class SessionPolicy : Policy<Session>
{
    static readonly Rule<Session> Owner = Rule.For<Session>(
        (actor, session) => session.UserId == actor.UserId,
        "session belongs to another user"
    );

    /// <summary>Defines the rules.</summary>
    public SessionPolicy()
    {
        Allow(Verb.Read, Owner | Is.Admin);
        Allow(Verb.Delete, Owner | Is.Admin);
    }
}

/// <summary>Administrators may end all users' sessions at once.</summary>
public sealed class AllSessionsPolicy : ActorPolicy
{
    /// <summary>Defines the rules.</summary>
    public AllSessionsPolicy() => Allow(Verb.Delete, Is.Admin);
}
