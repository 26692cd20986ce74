using Lightning.Api.Idempotency;
using Lightning.Data;
using Lightning.Data.Audit;

namespace Lightning.Api.Access;

/// <summary>Database services of the API: audited writes and the cleanup of idempotency keys.</summary>
static class ApiData
{
    public static IServiceCollection AddApiData(this IServiceCollection services)
    {
        services.AddSingleton<AuditInterceptor>();
        services.AddExceptionHandler<ForeignKeyViolationHandler>();
        services.ConfigureDbContext<LightningDb>(
            (provider, options) => options.AddInterceptors(provider.GetRequiredService<AuditInterceptor>())
        );
        return services.AddHostedService<IdempotencyKeyCleanup>();
    }
}
