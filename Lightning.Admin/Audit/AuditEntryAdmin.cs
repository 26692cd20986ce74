using Lightning.Admin.Registrations;
using Lightning.Data.Audit;
using Lightning.Data.Users;

namespace Lightning.Admin.Audit;

/// <summary>The book of what was done; nobody changes it.</summary>
public sealed class AuditEntryAdmin : AdminFor<AuditEntry>
{
    /// <summary>States what is shown.</summary>
    public AuditEntryAdmin() : base("Audit entries")
    {
        Column("Time", entry => entry.At);
        List(entry => entry.Action);
        Column("User", entry => entry.UserId);
        Column("Acted by", entry => entry.ActedBy);
        List(entry => entry.SubjectType, entry => entry.SubjectId);
        Column("IP address", entry => entry.Ip);
        List(entry => entry.Service);
        Refers<User>(entry => entry.UserId, entry => entry.ActedBy);
        ReadOnly(entry => entry.Details, entry => entry.SessionId, entry => entry.TraceId);
        Called(entry => entry.Action, "Entry");
        Filter(entry => entry.Action, "signed-in", "sign-in-failed", "signed-out", "note.created", "note.updated", "note.deleted", "user.updated")
            .Filter(entry => entry.UserId).Filter(entry => entry.SubjectType, "account", "user", "session", "note", "note-share").Filter(entry => entry.At);
    }
}
