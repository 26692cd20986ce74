using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Dashboard;
using Aspire.Hosting.Testing;
using Microsoft.Extensions.DependencyInjection;

[assembly: AssemblyFixture(typeof(Lightning.AppHost.Tests.DashboardApp))]

namespace Lightning.AppHost.Tests;

/// <summary>The small AppHost with its dashboard, once for all tests that look at it; started when the first of them asks.</summary>
public sealed class DashboardApp : IAsyncDisposable
{
    readonly SemaphoreSlim _once = new(1, 1);
    DistributedApplication? _app;

    internal DashboardServer Dashboard => _app!.Services.GetRequiredService<DashboardServer>();

    public DistributedApplication App => _app!;

    /// <summary>Where the pages are.</summary>
    public Uri Address => new(new Uri(Dashboard.Link!).GetLeftPart(UriPartial.Authority));

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await _once.WaitAsync(cancellationToken);
        try
        {
            _app ??= await StartOneAsync([], cancellationToken);
        }
        finally
        {
            _once.Release();
        }
    }

    /// <summary>One with its dashboard, of a test's own.</summary>
    public static async Task<DistributedApplication> StartOneAsync(string[] args, CancellationToken cancellationToken)
    {
        var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.SmallAppHost>(args, (options, _) => options.DisableDashboard = false, cancellationToken);
        var app = await builder.BuildAsync(cancellationToken);
        await app.StartAsync(cancellationToken);
        await app.ResourceNotifications.WaitForResourceHealthyAsync("service", cancellationToken);
        return app;
    }

    /// <summary>What the service was told about telemetry.</summary>
    public async Task<string> EnvironmentAsync(string name, CancellationToken cancellationToken)
    {
        using var service = App.CreateHttpClient("service");
        return await service.GetStringAsync($"/environment/{name}", cancellationToken);
    }

    /// <summary>A client that has opened the link.</summary>
    public async Task<HttpClient> OpenAsync(CancellationToken cancellationToken)
    {
        var client = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false }) { BaseAddress = Address };
        using var opened = await client.GetAsync(Dashboard.Link, cancellationToken);
        ((int)opened.StatusCode).ShouldBe(302);
        return client;
    }

    public async ValueTask DisposeAsync()
    {
        if (_app is not null) await _app.DisposeAsync();
        _once.Dispose();
    }
}
