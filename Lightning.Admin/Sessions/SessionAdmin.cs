using Lightning.Admin.Registrations;
using Lightning.Data.Sessions;

namespace Lightning.Admin.Sessions;

/// <summary>Sessions, ended ones included.</summary>
public sealed class SessionAdmin : AdminFor<Session>
{
    /// <inheritdoc/>
    public override (string Page, string OfRow, string OfAll)? Act => ("/Sessions/End", "End…", "End everybody's sessions…");

    /// <summary>States what is shown.</summary>
    public SessionAdmin(SessionPolicy policy) : base("Sessions", policy, session => session.Id)
    {
        Column("User", session => session.User!.Email);
        Column("Device", session => session.Device);
        Column("Address", session => session.Ip);
        Column("Began", session => session.CreatedAt);
        Column("Last seen", session => session.LastSeenAt);
        Column("Ended", session => session.EndedAt);
        Column("Why", session => session.EndReason);
    }
}
