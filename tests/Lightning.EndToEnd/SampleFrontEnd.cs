using System.Diagnostics;
using Lightning.Testing;

namespace Lightning.EndToEnd;

/// <summary>The front end of samples/pkce-spa, served as its README says.</summary>
public sealed class SampleFrontEnd : IAsyncDisposable
{
    /// <summary>The client id of the sample at the upstream provider.</summary>
    public const string UpstreamClientId = "spa-at-upstream";

    static readonly TimeSpan WaitTimeout = TimeSpan.FromMinutes(2);
    readonly SemaphoreSlim starting = new(1, 1);
    readonly int port = Ports.Free();
    Process? server;

    public string Origin => $"http://localhost:{port}";

    /// <summary>Starts the sample if it is not running.</summary>
    public async Task StartAsync(RunningApp app, CancellationToken cancellationToken)
    {
        await starting.WaitAsync(cancellationToken);
        try
        {
            if (server is not null)
                return;
            var environment = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["PORT"] = $"{port}",
                ["VITE_ISSUER"] = app.Address("identity").GetLeftPart(UriPartial.Authority),
                ["VITE_API"] = app.Address("api").GetLeftPart(UriPartial.Authority),
                ["VITE_UPSTREAM"] = app.Upstream.Issuer,
                ["VITE_UPSTREAM_CLIENT_ID"] = UpstreamClientId,
                ["VITE_UPSTREAM_TITLE"] = "Sky",
            };
            using (var install = Npm(environment, "ci", "--no-audit", "--no-fund"))
            {
                await install.WaitForExitAsync(cancellationToken);
                install.ExitCode.ShouldBe(0, "npm ci failed in samples/pkce-spa");
            }
            server = Npm(environment, "run", "dev");
            await AnswersAsync(cancellationToken);
        }
        finally
        {
            starting.Release();
        }
    }

    async Task AnswersAsync(CancellationToken cancellationToken)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(WaitTimeout);
        using var client = new HttpClient();
        using var poll = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        do
        {
            server!.HasExited.ShouldBeFalse("the sample's server has stopped");
            try
            {
                using var response = await client.GetAsync(Origin, timeout.Token);
                if (response.IsSuccessStatusCode)
                    return;
            }
            catch (HttpRequestException)
            {
                // Not ready yet.
            }
        } while (await poll.WaitForNextTickAsync(timeout.Token));
    }

    static Process Npm(Dictionary<string, string> environment, params string[] arguments)
    {
        var start = new ProcessStartInfo("npm", arguments) { WorkingDirectory = Folder };
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        return Process.Start(start)!;
    }

    static string Folder => Path.Combine(Repository.Root, "samples", "pkce-spa");

    public async ValueTask DisposeAsync()
    {
        starting.Dispose();
        if (server is null)
            return;
        server.Kill(entireProcessTree: true);
        await server.WaitForExitAsync();
        server.Dispose();
    }
}
