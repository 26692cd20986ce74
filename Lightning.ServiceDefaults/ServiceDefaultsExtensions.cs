using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Lightning.ServiceDefaults;

/// <summary>
/// The defaults of every Lightning service: telemetry, health checks, security headers, limits, problem details.
/// </summary>
public static class ServiceDefaultsExtensions
{
    /// <summary>Registers the defaults. Call <see cref="UseServiceDefaults"/> too.</summary>
    public static WebApplicationBuilder AddServiceDefaults(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        StartupErrors.InstallHandler();
        builder.AddDefaultLogLevels();
        builder.WebHost.ConfigureKestrel(KestrelLimits.Apply);
        builder.Services.AddHsts(hsts =>
        {
            hsts.MaxAge = TimeSpan.FromDays(730);
            hsts.IncludeSubDomains = true;
        });
        builder.Services.AddHealthChecks();
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddOptions<ContentSecurityPolicy>();
        builder.AddTelemetry();
        builder.AddTrustedProxies();
        builder.Services.AddProblems();
        return builder;
    }

    /// <summary>
    /// Adds routing and the default middleware, which come first, and maps health checks and problem pages.
    /// </summary>
    /// <exception cref="OptionsValidationException">An option is invalid.</exception>
    public static WebApplication UseServiceDefaults(this WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);
        // Validated here, not by the host, which would log a stack trace for a configuration error.
        app.Services.GetService<IStartupValidator>()?.Validate();
        app.UseRoutingWithHead();
        if (
            app.Services.GetRequiredService<IOptions<ForwardedHeadersOptions>>().Value.ForwardedHeaders
            != ForwardedHeaders.None
        )
            app.UseForwardedHeaders();
        app.UseSecurityHeaders();
        app.UseExceptionHandler();
        // Endpoints that write their own error responses opt out.
        app.UseWhen(
            context => context.GetEndpoint()?.Metadata.GetMetadata<ISkipStatusCodePagesMetadata>() is null,
            branch => branch.UseStatusCodePages()
        );
        app.UseRequestCharset();
        if (!app.Environment.IsDevelopment())
            app.UseHsts();
        app.MapHealth();
        app.MapProblemPages();
        return app;
    }
}
