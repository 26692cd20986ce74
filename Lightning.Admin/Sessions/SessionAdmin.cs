using Lightning.Admin.Registrations;
using Lightning.Data.Sessions;
using Lightning.Data.Users;

namespace Lightning.Admin.Sessions;

/// <summary>Sessions, ended ones included.</summary>
public sealed class SessionAdmin : AdminFor<Session>
{
    /// <inheritdoc/>
    public override (string Page, string OfRow, string OfAll)? Act => ("/Sessions/End", "End…", "End everybody's sessions…");

    /// <summary>States what is shown.</summary>
    public SessionAdmin() : base("Sessions")
    {
        Column("User", session => session.User!.Email);
        Column("Acted by", session => session.ActorId);
        // In a session in which an administrator acts nobody has proved who they are, and what it was begun from is theirs.
        Column("Device", session => session.ActorId == null ? session.Device : null);
        Column("IP address", session => session.Ip);
        Column("Started", session => session.CreatedAt);
        Column("Last seen", session => session.LastSeenAt);
        Column("Ended", session => session.EndedAt);
        Column("End reason", session => session.EndReason);
        ReadOnly("Authenticated", session => session.ActorId == null ? (DateTimeOffset?)session.AuthTime : null);
        ReadOnly("Methods", session => session.ActorId == null ? session.Methods : null);
        ReadOnly(session => session.Issuer, session => session.EndsAt);
        Refers<User>(session => session.ActorId);
        Called(session => session.CreatedAt);
        Order(session => session.CreatedAt);
        Search(session => session.User!.Email).ServedBy("ix_sessions_user_id_created_at_id");
        Filter(session => session.UserId).Filter(session => session.CreatedAt).Filter(session => session.EndsAt);
        ActsWhen(session => session.EndedAt == null);
        InTheBookAs("session");
    }
}
