using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;

namespace Lightning.ServiceDefaults;

/// <summary><c>/health/live</c>: the process answers. <c>/health/ready</c>: so does all that it needs.</summary>
static class Health
{
    public static void MapHealth(this WebApplication app)
    {
        app.MapHealthChecks("/health/live", new HealthCheckOptions { Predicate = _ => false }).DisableHttpMetrics().AllowAnonymous();
        app.MapHealthChecks("/health/ready").DisableHttpMetrics().AllowAnonymous();
    }
}
