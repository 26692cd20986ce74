using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Lightning.ServiceDefaults;

/// <summary>What every service of Lightning has: telemetry, health, security headers, limits, problem details.</summary>
public static class ServiceDefaultsExtensions
{
    /// <summary>Adds them to a service; <see cref="UseServiceDefaults"/> puts them to use.</summary>
    public static WebApplicationBuilder AddServiceDefaults(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        StartupFaults.ExplainThemselves();
        builder.QuietFrameworks();
        builder.WebHost.ConfigureKestrel(Limits.Apply);
        builder.Services.AddHsts(hsts => (hsts.MaxAge, hsts.IncludeSubDomains) = (TimeSpan.FromDays(730), true));
        builder.Services.AddHealthChecks();
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddOptions<ContentSecurityPolicy>();
        builder.AddTelemetry();
        builder.AddTrustedProxies();
        builder.Services.AddProblems();
        return builder;
    }

    /// <summary>Puts the defaults at the front of the pipeline and maps the health endpoints.</summary>
    /// <exception cref="OptionsValidationException">An option that is checked at start is wrong.</exception>
    public static WebApplication UseServiceDefaults(this WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);
        // Checked here and not by the host, which would log a stack trace for what is a line of configuration.
        app.Services.GetService<IStartupValidator>()?.Validate();
        if (app.Services.GetRequiredService<IOptions<ForwardedHeadersOptions>>().Value.ForwardedHeaders != ForwardedHeaders.None) app.UseForwardedHeaders();
        app.UseSecurityHeaders();
        app.UseExceptionHandler();
        // An endpoint that explains its own refusals is not looked at again.
        app.UseWhen(context => context.GetEndpoint()?.Metadata.GetMetadata<ISkipStatusCodePagesMetadata>() is null, others => others.UseStatusCodePages());
        app.UseRequestCharset();
        if (!app.Environment.IsDevelopment()) app.UseHsts();
        app.MapHealth();
        app.MapProblemPages();
        return app;
    }
}
