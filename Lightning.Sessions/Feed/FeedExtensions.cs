using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Lightning.Sessions.Feed;

static class FeedExtensions
{
    /// <summary>Adds the feed, its metrics and what the readiness probe says of it.</summary>
    public static IServiceCollection AddSessionFeed(this IServiceCollection services)
    {
        services.TryAddSingleton<SessionMetrics>();
        services.AddHostedService(provider => provider.GetRequiredService<SessionMetrics>());
        services.AddSingleton<SessionFeed>().AddHostedService(provider => provider.GetRequiredService<SessionFeed>());
        services.AddHealthChecks().AddCheck<FeedHealth>("session-feed");
        return services;
    }

    /// <summary>Without the feed all answers are right and every one costs a read: worth a look, and no reason to take the replica out.</summary>
    sealed class FeedHealth(SessionFeed feed) : IHealthCheck
    {
        public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
            Task.FromResult(feed.IsAlive ? HealthCheckResult.Healthy()
                : HealthCheckResult.Degraded("The change feed is cut: sessions are read from the database at every request."));
    }
}
