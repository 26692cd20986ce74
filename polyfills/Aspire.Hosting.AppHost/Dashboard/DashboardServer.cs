using System.Security.Cryptography;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Dashboard.Pages;
using Aspire.Hosting.Dashboard.Telemetry;
using Aspire.Hosting.Running;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Aspire.Hosting.Dashboard;

/// <summary>
/// Shows how the application is, and takes its telemetry. It listens on loopback only: pages for the browser that has opened the link, telemetry for
/// services that have the key. Nothing waits for it: a service whose exporter finds it gone drops what it would have sent.
/// </summary>
sealed class DashboardServer(IServiceProvider services, IConfiguration configuration, IHostEnvironment environment, Progress progress) : IAsyncDisposable
{
    WebApplication? _web;
    BrowserAccess? _access;

    public TelemetryStore Telemetry { get; } = new();

    /// <summary>The link that opens it; none when it does not run.</summary>
    public string? Link => _access?.Link;

    /// <summary>Listens, and tells the services by the AppHost's configuration where to send their telemetry.</summary>
    public async Task StartAsync(bool randomizePorts, CancellationToken cancellationToken)
    {
        var pages = DashboardAddress.Of(configuration, "ASPNETCORE_URLS", "applicationUrl in the AppHost's launchSettings.json", randomizePorts);
        var otlp = DashboardAddress.Of(configuration, "ASPIRE_DASHBOARD_OTLP_HTTP_ENDPOINT_URL", "ASPIRE_DASHBOARD_OTLP_HTTP_ENDPOINT_URL in the AppHost's launchSettings.json", randomizePorts, pages.Port);
        var key = configuration["AppHost:OtlpApiKey"] is { Length: > 0 } given ? given : Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        _access = new BrowserAccess(pages.Url, configuration["AppHost:BrowserToken"] is { Length: > 0 } token ? token : null, progress.Say);

        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = 16 << 20;
            kestrel.ListenLocalhost(pages.Port);
            kestrel.ListenLocalhost(otlp.Port);
        });
        builder.Services.AddRoutingCore();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(1));
        _web = builder.Build();

        var receiver = new OtlpReceiver(Telemetry, key);
        _web.MapWhen(context => context.Connection.LocalPort == otlp.Port, branch => branch.Run(receiver.ReceiveAsync));
        new DashboardPages(services, environment.ApplicationName, Telemetry, _access).Map(_web);
        try
        {
            await _web.StartAsync(cancellationToken);
        }
        catch (IOException e)
        {
            var taken = Ports.IsTaken(pages.Port) ? pages : otlp;
            throw new DistributedApplicationException(Ports.InUse(taken.Port, "the dashboard", taken.Source), e);
        }

        SendTelemetryTo(otlp.Url, key);
    }

    /// <summary>Says where it is, as the real one does.</summary>
    public void Announce()
    {
        if (_access is not null) progress.Say($"Login to the dashboard at {_access.Link}");
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _web, null) is not { } web) return;
        await web.StopAsync(CancellationToken.None);
        await web.DisposeAsync();
    }

    // Every variable may be said otherwise; where the telemetry itself goes elsewhere, nothing is changed.
    void SendTelemetryTo(string address, string key)
    {
        if (!string.IsNullOrEmpty(configuration["OTEL_EXPORTER_OTLP_ENDPOINT"])) return;
        configuration["OTEL_EXPORTER_OTLP_ENDPOINT"] = address;
        configuration["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf";
        configuration["OTEL_EXPORTER_OTLP_HEADERS"] = $"x-otlp-api-key={key}";
        foreach (var interval in (string[])["OTEL_BLRP_SCHEDULE_DELAY", "OTEL_BSP_SCHEDULE_DELAY", "OTEL_METRIC_EXPORT_INTERVAL"])
        {
            if (string.IsNullOrEmpty(configuration[interval])) configuration[interval] = "1000";
        }
    }
}

/// <summary>Where the dashboard listens.</summary>
sealed record DashboardAddress(int Port, string Source)
{
    public string Url => $"http://localhost:{Port}";

    /// <summary>What configuration says; any free port when it says nothing, or when all ports are to be free ones.</summary>
    public static DashboardAddress Of(IConfiguration configuration, string key, string source, bool randomize, params int[] besides)
    {
        if (randomize || configuration[key] is not { Length: > 0 } text) return new(Ports.FreeOne(besides), source);
        var first = text.Split(';')[0];
        if (!Uri.TryCreate(first, UriKind.Absolute, out var url) || url.Scheme != "http" || !url.IsLoopback)
        {
            throw new DistributedApplicationException($"{key} is '{first}', where the dashboard does not listen ({source}): write an http address of this machine, such as http://localhost:18888.");
        }

        return new(url.Port, source);
    }
}
