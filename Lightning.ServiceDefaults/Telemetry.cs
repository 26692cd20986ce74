using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.Memory;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace Lightning.ServiceDefaults;

/// <summary>Traces, metrics and logs, sent by OTLP where <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> is set.</summary>
public static class Telemetry
{
    /// <summary>Every source and meter of ours bears this prefix.</summary>
    const string Ours = "Lightning.*";

    /// <summary>Whether anybody receives traces, metrics and logs.</summary>
    public static bool SendsTelemetry(this IHostApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return !string.IsNullOrEmpty(builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"]);
    }

    /// <summary>A line a request and a statement drowns what matters. Put first, so that any configuration of a service's own wins.</summary>
    internal static void QuietFrameworks(this IHostApplicationBuilder builder)
    {
        builder.Configuration.Sources.Insert(0, new MemoryConfigurationSource
        {
            InitialData =
            [
                new("Logging:LogLevel:Default", "Information"),
                new("Logging:LogLevel:Microsoft.AspNetCore", "Warning"),
                new("Logging:LogLevel:Microsoft.EntityFrameworkCore", "Warning"),
                new("Logging:LogLevel:System.Net.Http.HttpClient", "Warning"),
                new("Logging:LogLevel:Yarp", "Warning"),
            ],
        });
        // It logs every address with its query, and there are codes and one-time links in those; whatever level configuration asks for.
        builder.Logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.Warning);
        // For the same reason spans have no queries. Aspire switches that off in Development; last, so that nothing else does.
        builder.Configuration.AddInMemoryCollection(
        [
            new("OTEL_DOTNET_EXPERIMENTAL_ASPNETCORE_DISABLE_URL_QUERY_REDACTION", "false"),
            new("OTEL_DOTNET_EXPERIMENTAL_HTTPCLIENT_DISABLE_URL_QUERY_REDACTION", "false"),
        ]);
    }

    internal static void AddTelemetry(this IHostApplicationBuilder builder)
    {
        // What nobody receives need not be recorded: it costs every request, and a proxied one three spans.
        // Spans and metrics of Npgsql are added with the database (AddLightningData).
        if (!builder.SendsTelemetry()) return;
        builder.Services.AddSingleton<TracesPerSecond>();
        builder.Services.AddOpenTelemetry()
            .WithTracing(tracing => (builder.Configuration["OTEL_TRACES_SAMPLER"] is { Length: > 0 } ? tracing : tracing.SetSampler(services => services.GetRequiredService<TracesPerSecond>()))
                .AddSource(Ours, "Yarp.ReverseProxy")
                .AddAspNetCoreInstrumentation(options => options.Filter = context => !context.Request.Path.StartsWithSegments("/health"))
                .AddHttpClientInstrumentation())
            .WithMetrics(metrics => metrics
                .AddMeter(Ours, "System.Runtime", "System.Net.Http")
                .AddMeter("Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel"))
            .WithLogging(null, logging => (logging.IncludeFormattedMessage, logging.IncludeScopes) = (true, true))
            .UseOtlpExporter();
    }
}
