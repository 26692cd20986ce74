using System.Diagnostics;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Lightning.Testing;

[assembly: AssemblyFixture(typeof(Lightning.EndToEnd.RunningApp))]

namespace Lightning.EndToEnd;

/// <summary>The whole app as the AppHost defines it, on free ports and with a new database.</summary>
public sealed class RunningApp : IAsyncLifetime
{
    /// <summary>The secret of the service that docs/auth/service-to-service.md registers.</summary>
    public const string ReportsSecret = "5ec2e7000000000000000000000000000000000000000000000000000000cafe";

    static readonly TimeSpan WaitTimeout = TimeSpan.FromMinutes(3);
    const string DashboardResource = "aspire-dashboard";
    static readonly string DashboardToken = Guid.NewGuid().ToString("N");
    DistributedApplication? app;

    /// <summary>The upstream provider, registered as Sky.</summary>
    public FakeProvider Upstream { get; private set; } = null!;

    /// <summary>The front end of samples/pkce-spa, started by the first test that needs it.</summary>
    public SampleFrontEnd Sample { get; } = new();

    /// <summary>The collector that receives the telemetry of the services and forwards it to the dashboard.</summary>
    public TraceCollector Traces { get; } = new();

    public async ValueTask InitializeAsync()
    {
        using var timeout = new CancellationTokenSource(WaitTimeout);
        Upstream = await FakeProvider.StartAsync();
        (Upstream.PublicClientId, Upstream.PublicClientOrigin) = (SampleFrontEnd.UpstreamClientId, Sample.Origin);
        // Ignore a connection string in user secrets.
        var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.Lightning_AppHost>(
            [
                "--ConnectionStrings:lightning=",
                $"--ASPIRE_DASHBOARD_FRONTEND_BROWSERTOKEN={DashboardToken}",
                $"--sample={Sample.Origin}",
            ],
            (options, _) => options.DisableDashboard = false,
            timeout.Token
        );
        var identity = builder.Resources.OfType<ProjectResource>().Single(resource => resource.Name == "identity");
        builder
            .CreateResourceBuilder(identity)
            .WithEnvironment("Identity__Clients__Reports__ClientId", "reports")
            .WithEnvironment("Identity__Clients__Reports__Secret", ReportsSecret)
            .WithEnvironment("Identity__Clients__Reports__Scopes__0", "lightning")
            .WithEnvironment("Identity__Clients__Reports__GrantTypes__0", "client_credentials")
            .WithEnvironment("Identity__Upstream__Sky__Authority", Upstream.Issuer)
            .WithEnvironment("Identity__Upstream__Sky__ClientId", FakeProvider.ClientId)
            .WithEnvironment("Identity__Upstream__Sky__ClientSecret", FakeProvider.ClientSecret)
            .WithEnvironment("Identity__Upstream__Sky__Title", "Sky")
            .WithEnvironment("Identity__Upstream__Sky__AcceptedAudiences__0", SampleFrontEnd.UpstreamClientId);
        foreach (var service in builder.Resources.OfType<ProjectResource>())
            SayEverything(builder.CreateResourceBuilder(service));
        app = await builder.BuildAsync(timeout.Token);
        await app.StartAsync(timeout.Token);
        Traces.ForwardTo(app.GetEndpoint(DashboardResource, "otlp-http"));
        foreach (var resource in new[] { "bff", "admin", "api", "identity", "web", "mail" })
            await app.ResourceNotifications.WaitForResourceHealthyAsync(resource, timeout.Token);
    }

    /// <summary>
    /// The most verbose logging that an operator could configure. It must not contain secrets.
    /// </summary>
    void SayEverything(IResourceBuilder<ProjectResource> service)
    {
        service.WithEnvironment("OTEL_EXPORTER_OTLP_ENDPOINT", Traces.Address);
        // The testing builder uses gRPC by default.
        service.WithEnvironment("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf");
        string[] categories =
        [
            "Default",
            "Microsoft.AspNetCore",
            "Microsoft.EntityFrameworkCore",
            "System.Net.Http.HttpClient",
            "Yarp",
        ];
        foreach (var category in categories)
            service.WithEnvironment($"Logging__LogLevel__{category}", "Trace");
        (string Name, string Milliseconds)[] intervals =
        [
            ("OTEL_BLRP_SCHEDULE_DELAY", "500"),
            ("OTEL_BSP_SCHEDULE_DELAY", "500"),
            ("OTEL_METRIC_EXPORT_INTERVAL", "2000"),
        ];
        foreach (var (name, milliseconds) in intervals)
            service.WithEnvironment(name, milliseconds);
        // The queue size that these log levels need.
        foreach (var name in new[] { "OTEL_BLRP_MAX_QUEUE_SIZE", "OTEL_BSP_MAX_QUEUE_SIZE" })
            service.WithEnvironment(name, "100000");
        if (service.Resource.Name == "identity")
            service.WithEnvironment("Identity__Clients__Public__RedirectUris__9", Traces.RedirectUri);
    }

    /// <summary>The connection string of the owner of the tables.</summary>
    public async Task<string> ConnectionStringAsync() =>
        await app!.GetConnectionStringAsync("lightning")
        ?? throw new InvalidOperationException("The database has no connection string.");

    /// <summary>The link that signs in to the dashboard.</summary>
    public Uri DashboardLogin => new(app!.GetEndpoint(DashboardResource, "http"), $"/login?t={DashboardToken}");

    public Uri Address(string resource) => app!.GetEndpoint(resource, "http");

    public HttpClient Client(string resource) => app!.CreateHttpClient(resource);

    /// <summary>Runs a command of Lightning.Manage on this app's database.</summary>
    public async Task<string> ManageAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add(ManageAssembly);
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        start.Environment["ConnectionStrings__lightning"] = await ConnectionStringAsync();
        start.Environment["Identity__Issuer"] = Address("identity").GetLeftPart(UriPartial.Authority);
        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        process.ExitCode.ShouldBe(0, await errors);
        return await output;
    }

    /// <summary>Stops all services, which export the rest of their telemetry.</summary>
    public async Task StopAsync()
    {
        if (app is not null)
            await app.DisposeAsync();
        app = null;
    }

    public async ValueTask DisposeAsync()
    {
        await Sample.DisposeAsync();
        await StopAsync();
        await Upstream.DisposeAsync();
        await Traces.DisposeAsync();
    }

    static string ManageAssembly
    {
        get
        {
            // Next to the output of this test, in the same configuration.
            var output = new DirectoryInfo(AppContext.BaseDirectory);
            return Path.Combine(
                Repository.Root,
                "Lightning.Manage",
                "bin",
                output.Parent!.Name,
                output.Name,
                "Lightning.Manage.dll"
            );
        }
    }
}
