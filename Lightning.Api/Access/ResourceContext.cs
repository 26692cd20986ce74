using Lightning.Authorization;
using Lightning.Data;
using Lightning.Data.Audit;
using Lightning.ServiceDefaults;

namespace Lightning.Api.Access;

/// <summary>The request and the services that the endpoints of a resource share. Bind it with [AsParameters].</summary>
sealed record ResourceContext<T>(HttpContext Http, LightningDb Db, Policy<T> Policy, Actor Actor, TimeProvider Clock)
    where T : class
{
    /// <summary>The current time (UTC), in the precision of the database.</summary>
    public DateTimeOffset Now() => Clock.GetUtcNow().ToMicroseconds();

    /// <summary>Whether an organization is none of the caller's; false for personal rows, which have none.</summary>
    public bool IsOutside(Guid? organization) => organization is { } id && !Actor.MemberOf.Contains(id);

    /// <summary>Adds an audit entry, for a write by a function of the database. Call SaveChanges afterwards.</summary>
    /// <param name="action">What was done, such as <c>note.restored</c>.</param>
    /// <param name="subject">The type of the object.</param>
    /// <param name="id">The id of the object.</param>
    public void Audit(string action, string subject, Guid id) =>
        Db.AuditEntries.Add(
            new AuditEntry
            {
                At = Clock.GetUtcNow(),
                Action = action,
                UserId = Actor.UserId,
                SessionId = Actor.SessionId == Guid.Empty ? null : Actor.SessionId,
                SubjectType = subject,
                SubjectId = id.ToString(),
                Ip = Http.Connection.RemoteIpAddress?.ToString(),
            }
        );

    /// <summary>The context of a request, for filters.</summary>
    public static ResourceContext<T> Get(HttpContext http) =>
        new(
            http,
            http.RequestServices.GetRequiredService<LightningDb>(),
            http.RequestServices.GetRequiredService<Policy<T>>(),
            http.RequestServices.GetRequiredService<Actor>(),
            http.RequestServices.GetRequiredService<TimeProvider>()
        );
}
