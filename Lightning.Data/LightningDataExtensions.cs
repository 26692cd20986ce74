using System.Data.Common;
using Lightning.Authorization;
using Lightning.Data.Audit;
using Lightning.Data.Keys;
using Lightning.ServiceDefaults;
using Lightning.Sessions.Feed;
using Lightning.Sessions.Model;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Lightning.Data;

/// <summary>Registers the database context, the policies and the service's key ring.</summary>
public static class LightningDataExtensions
{
    const string ConnectionName = "lightning";

    /// <summary>Prepared statements per connection; a service has some dozens.</summary>
    const int PreparedStatements = 100;

    /// <summary>
    /// Adds <see cref="LightningDb"/> over <c>ConnectionStrings:lightning</c>, the policies, and the service's
    /// data-protection key ring.
    /// </summary>
    /// <param name="builder">The service's host builder.</param>
    /// <param name="service">The service's name, which isolates its key ring.</param>
    /// <exception cref="ConfigurationException">The connection string or the master key is missing or
    /// malformed.</exception>
    public static IHostApplicationBuilder AddLightningData(this IHostApplicationBuilder builder, string service)
    {
        ArgumentNullException.ThrowIfNull(builder);
        RequireConnectionString(builder.Configuration);
        builder.AddNpgsqlDbContext<LightningDb>(
            ConnectionName,
            settings =>
            {
                // EF's retries forbid user-initiated transactions and multiply load; clients retry with their
                // idempotency key.
                settings.DisableRetry = true;
                // Spans cost time on every statement, even if they are not exported.
                settings.DisableTracing = settings.DisableMetrics = !builder.SendsTelemetry();
            },
            options => options.UseLeanConnections().UseLightning()
        );
        builder
            .Services.AddScoped<ISessionContext>(services => services.GetRequiredService<LightningDb>())
            .AddScoped<ISessionAudit, SessionAudit>()
            .Configure<SessionFeedOptions>(options =>
                options.ConnectionString = RequireFeedConnection(
                    builder.Configuration,
                    "lightning-feed"
                ).ConnectionString
            );
        builder.Services.Configure<IdentityOptions>(SetSchemaVersion);
        builder.Services.AddPolicies(typeof(LightningDb).Assembly);

        builder.Services.AddSingleton(MasterKey.Read(builder.Configuration, builder.Environment.IsProduction()));
        builder
            .Services.AddDataProtection()
            .SetApplicationName($"lightning-{service}")
            .PersistKeysToDbContext<LightningDb>();
        builder.Services.AddSingleton<IConfigureOptions<KeyManagementOptions>>(
            services => new ConfigureOptions<KeyManagementOptions>(options =>
                options.XmlEncryptor = new MasterKeyEncryptor(services.GetRequiredService<MasterKey>())
            )
        );
        return builder;
    }

    /// <summary>
    /// Sends the actor of the HTTP request with each query, for a service whose database role is subject to row-level
    /// security.
    /// </summary>
    public static IServiceCollection AddRowSecurity(this IServiceCollection services)
    {
        services.AddHttpContextAccessor();
        services.TryAddSingleton<IActorAccessor, HttpActorAccessor>();
        return services.AddRowSecurity<LightningDb>();
    }

    /// <summary>Translates every rule to SQL once, so that one without SQL stops the start, not a request.</summary>
    /// <exception cref="ConfigurationException">A rule cannot be translated.</exception>
    public static T RequireTranslatableRules<T>(this T app)
        where T : IHost
    {
        ArgumentNullException.ThrowIfNull(app);
        using var scope = app.Services.CreateScope();
        try
        {
            Policies.Check(
                scope.ServiceProvider.GetRequiredService<LightningDb>(),
                app.Services.GetServices<IPolicy>()
            );
        }
        catch (PolicyTranslationException ex)
        {
            throw new ConfigurationException(ex.Message, ex);
        }
        return app;
    }

    /// <summary>Reads <c>ConnectionStrings:lightning</c>.</summary>
    /// <exception cref="ConfigurationException">The connection string is missing or malformed.</exception>
    public static string RequireConnectionString(IConfiguration configuration)
    {
        if (configuration.GetConnectionString(ConnectionName) is not { Length: > 0 } text)
            throw new ConfigurationException(
                $"ConnectionStrings:{ConnectionName} is not set: give the Postgres to use, such as "
                    + $"\"Host=localhost;Username=lightning_api;Password=…;Database=lightning\"."
            );
        try
        {
            return new NpgsqlConnectionStringBuilder(text).ConnectionString;
        }
        catch (ArgumentException ex)
        {
            throw new ConfigurationException(
                $"ConnectionStrings:{ConnectionName} cannot be read ({ex.Message.TrimEnd('.')}): write it like "
                    + $"\"Host=localhost;Username=…;Password=…;Database=lightning\".",
                ex
            );
        }
    }

    /// <summary>
    /// The connection string for <c>LISTEN</c>: <c>ConnectionStrings:lightning-feed</c> if it is set, because
    /// transaction pooling does not support <c>LISTEN</c>; otherwise the service's own. Unpooled.
    /// </summary>
    /// <param name="configuration">The service's configuration.</param>
    /// <param name="name">The application name of the connection.</param>
    /// <exception cref="ConfigurationException">The connection string is missing or malformed.</exception>
    public static NpgsqlConnectionStringBuilder RequireFeedConnection(IConfiguration configuration, string name) =>
        new(
            configuration.GetConnectionString("lightning-feed") is { Length: > 0 } own
                ? own
                : RequireConnectionString(configuration)
        )
        {
            Pooling = false,
            Multiplexing = false,
            ApplicationName = name,
        };

    /// <summary>
    /// Defaults for settings that the connection string leaves out. Recurring statements are prepared, because policies
    /// make planning dearer than execution (set <c>Max Auto Prepare=0</c> for a pooler without prepared statements).
    /// Connections are not reset when they return to the pool, because Lightning's session settings end with their
    /// transaction (set <c>No Reset On Close=false</c> for code that leaves state on a connection).
    /// </summary>
    static DbContextOptionsBuilder UseLeanConnections(this DbContextOptionsBuilder options)
    {
        var settings = new NpgsqlConnectionStringBuilder(
            RelationalOptionsExtension.Extract(options.Options).ConnectionString
        );
        // The builder writes canonical key names, whatever the spelling in the configuration.
        var given = new DbConnectionStringBuilder { ConnectionString = settings.ConnectionString };
        if (!given.ContainsKey("Max Auto Prepare"))
            settings.MaxAutoPrepare = PreparedStatements;
        if (!given.ContainsKey("No Reset On Close"))
            settings.NoResetOnClose = true;
        if (settings.MaxAutoPrepare > 0)
            options.AddInterceptors(PreparedStatementResetInterceptor.Instance);
        return options.UseNpgsql(settings.ConnectionString);
    }

    internal static DbContextOptionsBuilder UseLightning(this DbContextOptionsBuilder options) =>
        options.UseSnakeCaseNamingConvention();

    /// <summary>Version 3 has passkeys. Every service and the migrations must use the same version.</summary>
    internal static void SetSchemaVersion(IdentityOptions options) =>
        options.Stores.SchemaVersion = IdentitySchemaVersions.Version3;
}
