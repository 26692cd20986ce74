using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.Memory;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace Lightning.ServiceDefaults;

/// <summary>Traces, metrics and logs, exported by OTLP if <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> is set.</summary>
public static class Telemetry
{
    /// <summary>The activity sources and meters of this solution.</summary>
    const string SourceNames = "Lightning.*";

    /// <summary>
    /// Recorded once or twice per request, and redundant with the duration histogram: together they cost the proxy more
    /// than all traces do.
    /// </summary>
    static readonly string[] DroppedInstruments =
    [
        "http.server.active_requests",
        "http.client.active_requests",
        "http.client.open_connections",
        "http.client.request.time_in_queue",
    ];

    /// <summary>Whether an OTLP endpoint is configured.</summary>
    public static bool SendsTelemetry(this IHostApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return !string.IsNullOrEmpty(builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"]);
    }

    /// <summary>
    /// Limits framework logs to warnings: they log each request and each SQL statement. Inserted first, so that the
    /// service's configuration overrides it.
    /// </summary>
    internal static void AddDefaultLogLevels(this IHostApplicationBuilder builder)
    {
        builder.Configuration.Sources.Insert(
            0,
            new MemoryConfigurationSource
            {
                InitialData =
                [
                    new("Logging:LogLevel:Default", "Information"),
                    new("Logging:LogLevel:Microsoft.AspNetCore", "Warning"),
                    new("Logging:LogLevel:Microsoft.EntityFrameworkCore", "Warning"),
                    new("Logging:LogLevel:System.Net.Http.HttpClient", "Warning"),
                    new("Logging:LogLevel:Yarp", "Warning"),
                ],
            }
        );
        // It logs URLs with their query, which holds codes and one-time links: off whatever the configuration says.
        builder.Logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.Warning);
        // For the same reason, spans have no queries. Aspire disables the redaction in Development; added last, so that
        // it cannot be overridden.
        builder.Configuration.AddInMemoryCollection([
            new("OTEL_DOTNET_EXPERIMENTAL_ASPNETCORE_DISABLE_URL_QUERY_REDACTION", "false"),
            new("OTEL_DOTNET_EXPERIMENTAL_HTTPCLIENT_DISABLE_URL_QUERY_REDACTION", "false"),
        ]);
    }

    internal static void AddTelemetry(this IHostApplicationBuilder builder)
    {
        // Without an exporter, recording is only a cost. Npgsql is instrumented in AddLightningData.
        if (!builder.SendsTelemetry())
            return;
        builder.Services.AddSingleton<RateLimitingSampler>();
        builder
            .Services.AddOpenTelemetry()
            .WithTracing(tracing =>
                (
                    builder.Configuration["OTEL_TRACES_SAMPLER"] is { Length: > 0 }
                        ? tracing
                        : tracing.SetSampler(services => services.GetRequiredService<RateLimitingSampler>())
                )
                    .AddSource(SourceNames, "Yarp.ReverseProxy")
                    .AddAspNetCoreInstrumentation(options =>
                        options.Filter = context => !context.Request.Path.StartsWithSegments("/health")
                    )
                    .AddHttpClientInstrumentation()
            )
            .WithMetrics(metrics =>
            {
                metrics
                    .AddMeter(SourceNames, "System.Runtime", "System.Net.Http")
                    .AddMeter("Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel");
                foreach (var instrument in DroppedInstruments)
                    metrics.AddView(instrument, MetricStreamConfiguration.Drop);
            })
            .WithLogging(
                null,
                logging =>
                {
                    logging.IncludeFormattedMessage = true;
                    logging.IncludeScopes = true;
                }
            )
            .UseOtlpExporter();
    }
}
