using Microsoft.AspNetCore.DataProtection.EntityFrameworkCore;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microsoft.AspNetCore.DataProtection;

/// <summary>Keeps data-protection keys by Entity Framework Core.</summary>
public static class EntityFrameworkCoreDataProtectionExtensions
{
    /// <summary>Keeps the ring in <typeparamref name="TContext"/>.</summary>
    public static IDataProtectionBuilder PersistKeysToDbContext<TContext>(this IDataProtectionBuilder builder)
        where TContext : DbContext, IDataProtectionKeyContext
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddSingleton<IConfigureOptions<KeyManagementOptions>>(services =>
            new ConfigureOptions<KeyManagementOptions>(options => options.XmlRepository =
                new EntityFrameworkCoreXmlRepository<TContext>(services, services.GetService<ILoggerFactory>() ?? new LoggerFactory())));
        return builder;
    }
}
