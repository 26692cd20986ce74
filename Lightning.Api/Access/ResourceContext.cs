using Lightning.Authorization;
using Lightning.Data;
using Lightning.ServiceDefaults;

namespace Lightning.Api.Access;

/// <summary>The request and the services that the endpoints of a resource share. Bind it with [AsParameters].</summary>
sealed record ResourceContext<T>(HttpContext Http, LightningDb Db, Policy<T> Policy, Actor Actor, TimeProvider Clock)
    where T : class
{
    /// <summary>The current time (UTC), in the precision of the database.</summary>
    public DateTimeOffset Now() => Clock.GetUtcNow().ToMicroseconds();

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
