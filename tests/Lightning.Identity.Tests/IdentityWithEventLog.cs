using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Net;
using Lightning.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Lightning.Identity.Tests;

/// <summary>Identity with readable logs and metrics, called from a known IP address.</summary>
public sealed class IdentityWithEventLog(PostgresServer server) : IdentityWithUpstream(server)
{
    public const string Ip = "203.0.113.7";
    readonly MeterListener listener = new();

    /// <summary>The named log events with their properties.</summary>
    public EventLog Log { get; } = new();

    /// <summary>The names of the counted events.</summary>
    public ConcurrentQueue<string> Counted { get; } = new();

    protected override IEnumerable<(string Key, string Value)> Settings =>
        [.. base.Settings, ("Logging:LogLevel:Lightning.Identity", "Information")];

    protected override void Configure(IServiceCollection services)
    {
        services.AddSingleton<ILoggerProvider>(Log);
        services.AddSingleton<IStartupFilter, KnownAddress>();
    }

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        var meters = Services.GetRequiredService<IMeterFactory>();
        listener.InstrumentPublished = (instrument, listening) =>
        {
            if (instrument.Name == "lightning.identity.events" && instrument.Meter.Scope == meters)
                listening.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((_, _, tags, _) => Counted.Enqueue((string)tags[0].Value!));
        listener.Start();
    }

    public override ValueTask DisposeAsync()
    {
        listener.Dispose();
        return base.DisposeAsync();
    }

    sealed class KnownAddress : IStartupFilter
    {
        public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) =>
            app =>
            {
                app.Use(
                    (http, rest) =>
                    {
                        http.Connection.RemoteIpAddress = IPAddress.Parse(Ip);
                        return rest(http);
                    }
                );
                next(app);
            };
    }
}
