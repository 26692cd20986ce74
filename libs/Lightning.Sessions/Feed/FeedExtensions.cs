using Lightning.ServiceDefaults;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Lightning.Sessions.Feed;

static class FeedExtensions
{
    /// <summary>Adds the change feed of <see cref="SessionFeedOptions"/>, its metrics and its health check.</summary>
    public static IServiceCollection AddSessionFeed(this IServiceCollection services)
    {
        services.AddOptions<SessionFeedOptions>().ValidateAnnotations();
        services.TryAddSingleton<SessionMetrics>();
        services.AddHostedService(provider => provider.GetRequiredService<SessionMetrics>());
        services.AddSingleton<SessionFeed>().AddHostedService(provider => provider.GetRequiredService<SessionFeed>());
        services.AddHealthChecks().AddCheck<FeedHealth>("session-feed");
        return services;
    }

    /// <summary>
    /// Degraded, not unhealthy: without the feed the replica reads every session from the database, and is still
    /// correct.
    /// </summary>
    sealed class FeedHealth(SessionFeed feed) : IHealthCheck
    {
        public Task<HealthCheckResult> CheckHealthAsync(
            HealthCheckContext context,
            CancellationToken cancellationToken = default
        ) =>
            Task.FromResult(
                feed.IsAlive
                    ? HealthCheckResult.Healthy()
                    : HealthCheckResult.Degraded(
                        "The change feed is down: every request reads its session from the database."
                    )
            );
    }
}
