using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Lightning.ServiceDefaults;

/// <summary><c>/health/live</c>: the process responds. <c>/health/ready</c>: all health checks pass.</summary>
static class Health
{
    public static void MapHealth(this WebApplication app)
    {
        app.MapHealthChecks("/health/live", new HealthCheckOptions { Predicate = _ => false })
            .DisableHttpMetrics()
            .AllowAnonymous();
        app.MapHealthChecks("/health/ready", new HealthCheckOptions { ResponseWriter = WriteAsync })
            .DisableHttpMetrics()
            .AllowAnonymous();
    }

    /// <summary>The status, followed by the checks that are not healthy; never an exception's message.</summary>
    static Task WriteAsync(HttpContext context, HealthReport report)
    {
        context.Response.ContentType = "text/plain";
        return context.Response.WriteAsync(
            string.Join(
                '\n',
                report
                    .Entries.Where(entry => entry.Value.Status != HealthStatus.Healthy)
                    .Select(entry =>
                        $"{entry.Key}: "
                        + (
                            (entry.Value.Exception is null ? entry.Value.Description : null)
                            ?? entry.Value.Status.ToString()
                        )
                    )
                    .Prepend(report.Status.ToString())
            )
        );
    }
}
