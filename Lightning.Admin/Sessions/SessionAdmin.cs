using Lightning.Admin.Audit;
using Lightning.Admin.Engine.Registrations;
using Lightning.Data.Sessions;
using Lightning.Data.Users;

namespace Lightning.Admin.Sessions;

/// <summary>Sessions, including ended ones.</summary>
public sealed class SessionAdmin : AdminFor<Session>
{
    public SessionAdmin()
        : base("Sessions")
    {
        Column("User", session => session.User!.Email);
        Column("Impersonated by", session => session.ActorId);
        // Hidden for an impersonation session, whose device and authentication are the administrator's.
        Column("Device", session => session.ActorId == null ? session.Device : null);
        Column("IP address", session => session.Ip);
        Column("Started", session => session.CreatedAt);
        Column("Last seen", session => session.LastSeenAt);
        Column("Ended", session => session.EndedAt);
        Column(
            "End reason",
            session => session.EndReason,
            reason => reason is null ? null : EventText.Describe(reason)
        );
        ReadOnly("Authenticated", session => session.ActorId == null ? (DateTimeOffset?)session.AuthTime : null);
        ReadOnly(
            "Methods",
            session => session.ActorId == null ? session.Methods : null,
            methods => methods is null ? null : SignInMethods.Describe(methods)
        );
        ReadOnly(session => session.Issuer, session => session.EndsAt);
        HasReference<User>(session => session.ActorId);
        HasLabel(session => session.CreatedAt);
        OrderBy(session => session.CreatedAt);
        Search(session => session.User!.Email).UsingIndex("ix_sessions_user_id_created_at_id");
        Filter(session => session.UserId).Filter(session => session.CreatedAt).Filter(session => session.EndsAt);
        LinkPage("/Sessions/End", "End…", "End all sessions…", session => session.EndedAt == null);
        AuditedAs("session");
    }
}
