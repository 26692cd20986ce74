using Lightning.Admin.Engine.Registrations;
using Lightning.Data.Audit;
using Lightning.Data.Users;

namespace Lightning.Admin.Audit;

/// <summary>The audit log, read-only.</summary>
public sealed class AuditEntryAdmin : AdminFor<AuditEntry>
{
    public AuditEntryAdmin()
        : base("Audit entries")
    {
        Column("Time", entry => entry.At);
        Column("Action", entry => entry.Action, EventText.Describe);
        Column("User", entry => entry.UserId);
        Column("Impersonated by", entry => entry.ActedBy);
        Column("Subject type", entry => entry.SubjectType, type => type is null ? null : EventText.Describe(type));
        List(entry => entry.SubjectId);
        Column("IP address", entry => entry.Ip);
        List(entry => entry.Service);
        HasReference<User>(entry => entry.UserId, entry => entry.ActedBy);
        ReadOnly(entry => entry.Details, entry => entry.SessionId, entry => entry.TraceId);
        HasLabel(entry => entry.Action, "Entry");
        Filter(
                entry => entry.Action,
                "signed-in",
                "sign-in-failed",
                "signed-out",
                "note.created",
                "note.updated",
                "note.deleted",
                "user.updated"
            )
            .Filter(entry => entry.UserId)
            .Filter(entry => entry.SubjectType, "account", "user", "session", "note", "note-share")
            .Filter(entry => entry.At);
    }
}
