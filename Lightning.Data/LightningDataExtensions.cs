using System.Data.Common;
using Lightning.Data.Keys;
using Lightning.Data.Rules;
using Lightning.ServiceDefaults;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Lightning.Data;

/// <summary>Adds the model and the service's key ring.</summary>
public static class LightningDataExtensions
{
    const string ConnectionName = "lightning";

    /// <summary>How many statements a connection keeps planned; a service has some dozens.</summary>
    const int PreparedStatements = 100;

    /// <summary>Adds <see cref="LightningDb"/> over <c>ConnectionStrings:lightning</c>, the policies, and the data-protection ring of this service.</summary>
    /// <param name="builder">The service.</param>
    /// <param name="service">Its name; rings of other names cannot be opened with it.</param>
    /// <exception cref="ConfigurationException">The connection string or the master key is missing or malformed.</exception>
    public static IHostApplicationBuilder AddLightningData(this IHostApplicationBuilder builder, string service)
    {
        ArgumentNullException.ThrowIfNull(builder);
        RequireConnectionString(builder.Configuration);
        builder.AddNpgsqlDbContext<LightningDb>(
            ConnectionName,
            settings =>
            {
                // EF's retries are off: they forbid transactions begun by hand and multiply load.
                // A caller replays with its idempotency key.
                settings.DisableRetry = true;
                // Spans that nobody receives cost every statement.
                settings.DisableTracing = settings.DisableMetrics = !builder.SendsTelemetry();
            },
            options => options.UseLeanConnections().UseLightning());
        builder.Services.Configure<IdentityOptions>(SetSchemaVersion);
        builder.Services.AddPolicies();

        builder.Services.AddSingleton(MasterKey.Read(builder.Configuration, builder.Environment.IsProduction()));
        builder.Services.AddDataProtection().SetApplicationName($"lightning-{service}").PersistKeysToDbContext<LightningDb>();
        builder.Services.AddSingleton<IConfigureOptions<KeyManagementOptions>>(services =>
            new ConfigureOptions<KeyManagementOptions>(options => options.XmlEncryptor = new MasterKeyEncryptor(services.GetRequiredService<MasterKey>())));
        return builder;
    }

    /// <summary>The connection string of <c>ConnectionStrings:lightning</c>.</summary>
    /// <exception cref="ConfigurationException">It is missing or malformed.</exception>
    public static string RequireConnectionString(IConfiguration configuration)
    {
        if (configuration.GetConnectionString(ConnectionName) is not { Length: > 0 } text)
            throw new ConfigurationException($"ConnectionStrings:{ConnectionName} is not set: give the Postgres to use, such as \"Host=localhost;Username=lightning_api;Password=…;Database=lightning\".");
        try
        {
            return new NpgsqlConnectionStringBuilder(text).ConnectionString;
        }
        catch (ArgumentException fault)
        {
            throw new ConfigurationException($"ConnectionStrings:{ConnectionName} cannot be read ({fault.Message.TrimEnd('.')}): write it like \"Host=localhost;Username=…;Password=…;Database=lightning\".", fault);
        }
    }

    /// <summary>
    /// What whoever listens for notifications connects by: <c>ConnectionStrings:lightning-feed</c> where it is set, because a pooler that lends connections by the
    /// transaction cannot listen; else the service's own. A connection for itself, that no pool takes back.
    /// </summary>
    /// <exception cref="ConfigurationException">There is none, or it is malformed.</exception>
    public static NpgsqlConnectionStringBuilder RequireFeedConnection(IConfiguration configuration, string name) =>
        new(configuration.GetConnectionString("lightning-feed") is { Length: > 0 } own ? own : RequireConnectionString(configuration))
        {
            Pooling = false,
            Multiplexing = false,
            ApplicationName = name,
        };

    /// <summary>
    /// A statement that comes again and again is planned once a connection: rules and row-level security make plans that cost more than to carry them out. And a connection goes back to the pool as
    /// it is: nothing of Lightning's outlives its transaction there, and to have the database forget what was never said costs half a query. Each is as the connection string says where it says
    /// (<c>Max Auto Prepare=0</c> for a pooler that keeps no prepared statements, <c>No Reset On Close=false</c> for code that leaves something on a connection).
    /// </summary>
    static DbContextOptionsBuilder UseLeanConnections(this DbContextOptionsBuilder options)
    {
        var settings = new NpgsqlConnectionStringBuilder(RelationalOptionsExtension.Extract(options.Options).ConnectionString);
        // Whatever way it is spelled there, it is written out like this.
        var given = new DbConnectionStringBuilder { ConnectionString = settings.ConnectionString };
        if (!given.ContainsKey("Max Auto Prepare")) settings.MaxAutoPrepare = PreparedStatements;
        if (!given.ContainsKey("No Reset On Close")) settings.NoResetOnClose = true;
        if (settings.MaxAutoPrepare > 0) options.AddInterceptors(PreparedStatementResetInterceptor.Instance);
        return options.UseNpgsql(settings.ConnectionString);
    }

    internal static DbContextOptionsBuilder UseLightning(this DbContextOptionsBuilder options) => options.UseSnakeCaseNamingConvention();

    /// <summary>Version 3 has passkeys; every service and the migrations must build the same model.</summary>
    internal static void SetSchemaVersion(IdentityOptions options) => options.Stores.SchemaVersion = IdentitySchemaVersions.Version3;
}
