using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace Lightning.ServiceDefaults;

/// <summary>Traces, metrics and logs, sent by OTLP where <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> is set.</summary>
static class Telemetry
{
    /// <summary>Every source and meter of ours bears this prefix.</summary>
    const string Ours = "Lightning.*";

    public static void AddTelemetry(this IHostApplicationBuilder builder)
    {
        var telemetry = builder.Services.AddOpenTelemetry()
            .WithTracing(tracing => tracing
                .AddSource(Ours, "Npgsql", "Yarp.ReverseProxy")
                .AddAspNetCoreInstrumentation(options => options.Filter = context => !context.Request.Path.StartsWithSegments("/health"))
                .AddHttpClientInstrumentation())
            .WithMetrics(metrics => metrics
                .AddMeter(Ours, "Npgsql", "System.Runtime", "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Net.Http"))
            .WithLogging(null, logging => (logging.IncludeFormattedMessage, logging.IncludeScopes) = (true, true));
        if (!string.IsNullOrEmpty(builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"])) telemetry.UseOtlpExporter();
    }
}
