using Lightning.Api.Idempotency;
using Lightning.Data;
using Lightning.Data.Audit;

namespace Lightning.Api.Access;

/// <summary>The database as this service uses it: with a book of what is written, and answers kept for who asks again.</summary>
static class GuardedData
{
    public static IServiceCollection AddGuardedData(this IServiceCollection services)
    {
        services.AddSingleton<AuditedWrites>();
        services.AddExceptionHandler<RemovedMeanwhile>();
        services.ConfigureDbContext<LightningDb>((provider, options) => options.AddInterceptors(provider.GetRequiredService<AuditedWrites>()));
        return services.AddHostedService<ExpiredKeys>();
    }
}
