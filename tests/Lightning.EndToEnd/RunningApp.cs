using System.Diagnostics;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Lightning.Testing;

[assembly: AssemblyFixture(typeof(Lightning.EndToEnd.RunningApp))]

namespace Lightning.EndToEnd;

/// <summary>The whole app as the AppHost describes it, on free ports and with a database of its own.</summary>
public sealed class RunningApp : IAsyncLifetime
{
    /// <summary>The secret of the service that docs/auth/service-to-service.md registers.</summary>
    public const string ReportsSecret = "5ec2e7000000000000000000000000000000000000000000000000000000cafe";

    static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);
    const string DashboardResource = "aspire-dashboard";
    static readonly string DashboardToken = Guid.NewGuid().ToString("N");
    DistributedApplication? app;

    /// <summary>The upstream provider that Identity knows as Sky.</summary>
    public FakeProvider Upstream { get; private set; } = null!;

    /// <summary>The front end of samples/pkce-spa, once a test has started it.</summary>
    public SampleFrontEnd Sample { get; } = new();

    /// <summary>Where the services send their telemetry, on its way to the dashboard.</summary>
    public TraceCollector Traces { get; } = new();

    public async ValueTask InitializeAsync()
    {
        using var timeout = new CancellationTokenSource(Patience);
        Upstream = await FakeProvider.StartAsync();
        (Upstream.PublicClientId, Upstream.PublicClientOrigin) = (SampleFrontEnd.UpstreamClientId, Sample.Origin);
        // Never a developer's own server, should one be configured.
        var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.Lightning_AppHost>(
            [
                "--ConnectionStrings:lightning=",
                $"--ASPIRE_DASHBOARD_FRONTEND_BROWSERTOKEN={DashboardToken}",
                $"--sample={Sample.Origin}",
            ],
            (options, _) => options.DisableDashboard = false, timeout.Token);
        var identity = builder.Resources.OfType<ProjectResource>().Single(resource => resource.Name == "identity");
        builder.CreateResourceBuilder(identity)
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
    /// As an operator who looks for a fault might ask for it: every level of every category, soon.
    /// Nothing secret may be in it.
    /// </summary>
    void SayEverything(IResourceBuilder<ProjectResource> service)
    {
        service.WithEnvironment("OTEL_EXPORTER_OTLP_ENDPOINT", Traces.Address);
        // The testing builder prefers gRPC.
        service.WithEnvironment("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf");
        string[] categories =
        [
            "Default", "Microsoft.AspNetCore", "Microsoft.EntityFrameworkCore", "System.Net.Http.HttpClient", "Yarp",
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
        // The queues hold this much at these levels.
        foreach (var name in new[] { "OTEL_BLRP_MAX_QUEUE_SIZE", "OTEL_BSP_MAX_QUEUE_SIZE" })
            service.WithEnvironment(name, "100000");
        if (service.Resource.Name == "identity")
            service.WithEnvironment("Identity__Clients__Public__RedirectUris__9", Traces.RedirectUri);
    }

    /// <summary>As the owner of the tables reaches them.</summary>
    public async Task<string> ConnectionStringAsync() =>
        await app!.GetConnectionStringAsync("lightning")
        ?? throw new InvalidOperationException("The database has no connection string.");

    /// <summary>The link that signs in to the dashboard.</summary>
    public Uri DashboardLogin => new(app!.GetEndpoint(DashboardResource, "http"), $"/login?t={DashboardToken}");

    public Uri Address(string resource) => app!.GetEndpoint(resource, "http");

    public HttpClient Client(string resource) => app!.CreateHttpClient(resource);

    /// <summary>Runs the command line as a person would, against this app's database.</summary>
    public async Task<string> ManageAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add(ManageAssembly);
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        start.Environment["ConnectionStrings__lightning"] = await ConnectionStringAsync();
        start.Environment["Identity__Issuer"] = Address("identity").GetLeftPart(UriPartial.Authority);
        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        process.ExitCode.ShouldBe(0, await errors);
        return await output;
    }

    public async ValueTask DisposeAsync()
    {
        await Sample.DisposeAsync();
        if (app is not null) await app.DisposeAsync();
        await Upstream.DisposeAsync();
        await Traces.DisposeAsync();
        // Last, when every service has stopped and sent what it had: fails the run as a test would.
        QuietLogs.Unprovoked(Traces.Warnings).ShouldBeEmpty();
    }

    static string ManageAssembly
    {
        get
        {
            // Beside this test's own output, in the same configuration.
            var output = new DirectoryInfo(AppContext.BaseDirectory);
            var root = output;
            while (!File.Exists(Path.Combine(root.FullName, "Lightning.sln"))) root = root.Parent!;
            return Path.Combine(
                root.FullName, "Lightning.Manage", "bin", output.Parent!.Name, output.Name, "Lightning.Manage.dll");
        }
    }
}
