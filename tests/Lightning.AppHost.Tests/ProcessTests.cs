using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Lightning.Testing;

namespace Lightning.AppHost.Tests;

/// <summary>The small AppHost as people start it: what it shows, how it fails, and what it leaves behind.</summary>
public sealed class ProcessTests
{
    static readonly string[] s_freePorts = ["--DcpPublisher:RandomizePorts=true"];

    static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Kill_OfTheAppHost_LeavesNoProcess()
    {
        await using var appHost = SmallApp.Start(s_freePorts);
        await appHost.UpAsync(Cancelled);
        var descendants = await appHost.DescendantsAsync("postgres", "dotnet", "node", "sh");

        appHost.Kill();
        await EndAsync(descendants);
    }

    [Fact]
    public async Task Kill_OfDotnetRunAlone_LeavesNoProcess()
    {
        await using var run = SmallApp.Start(s_freePorts, underDotnetRun: true);
        await run.UpAsync(Cancelled);
        var descendants = await run.DescendantsAsync("SmallAppHost", "postgres", "dotnet", "node", "sh");

        run.Kill();
        await EndAsync(descendants);
    }

    [Fact]
    public async Task Interrupt_StopsEverythingAndSucceeds()
    {
        await using var appHost = SmallApp.Start(s_freePorts);
        await appHost.UpAsync(Cancelled);
        var descendants = await appHost.DescendantsAsync("postgres", "dotnet", "node", "sh");

        (await appHost.StopAsync(Cancelled)).ShouldBe((0, ""));

        await EndAsync(descendants);
        appHost.Output.ShouldContain("Service  http://localhost:");
        appHost.Output.ShouldContain("postgres  healthy (");
        appHost.Output.ShouldContain("job       finished (");
    }

    [Fact]
    public async Task Parameters_AreKeptInUserSecretsBetweenRuns()
    {
        string? secrets = null;
        string Path(DirectoryInfo home) => System.IO.Path.Combine(home.FullName, ".microsoft", "usersecrets", "small-apphost", "secrets.json");
        DirectoryInfo? first = null;
        await using (var appHost = SmallApp.Start([.. s_freePorts, "--job", "5"], (home, _) => first = home))
        {
            await appHost.ExitAsync(Cancelled);
            secrets = await File.ReadAllTextAsync(Path(first!), Cancelled);
        }

        using var kept = JsonDocument.Parse(secrets);
        kept.RootElement.GetProperty("Parameters:postgres-password").GetString()!.Length.ShouldBe(22);
        kept.RootElement.GetProperty("Parameters:small-secret").GetString()!.Length.ShouldBe(43);

        DirectoryInfo? second = null;
        await using var again = SmallApp.Start([.. s_freePorts, "--job", "5"], (home, _) =>
        {
            second = home;
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(Path(home))!);
            File.WriteAllText(Path(home), secrets);
        });
        await again.ExitAsync(Cancelled);
        (await File.ReadAllTextAsync(Path(second!), Cancelled)).ShouldBe(secrets);
    }

    [Fact]
    public async Task Job_ThatFails_IsOneSentenceAndNothingRuns()
    {
        await using var appHost = SmallApp.Start([.. s_freePorts, "--job", "3"]);
        (await appHost.ExitAsync(Cancelled)).ShouldBe((1, "error: 'job' failed with exit code 3: The table of things is missing: run the job on an empty database."));
        appHost.Output.ShouldNotContain("service  ");
    }

    [Fact]
    public async Task Port_InUse_IsOneSentenceBeforeAnythingStarts()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        await using var appHost = SmallApp.Start(["--port", $"{port}"]);
        var (code, error) = await appHost.ExitAsync(Cancelled);
        code.ShouldBe(1);
        error.ShouldStartWith($"error: Port {port}, which service wants (applicationUrl in ");
        error.ShouldNotContain('\n');
        appHost.Output.Trim().ShouldBeEmpty();
    }

    [Fact]
    public async Task Port_OfTheDashboardInUse_IsOneSentence()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        foreach (var (key, source) in ((string, string)[])[("ASPNETCORE_URLS", "applicationUrl in "), ("ASPIRE_DASHBOARD_OTLP_HTTP_ENDPOINT_URL", "ASPIRE_DASHBOARD_OTLP_HTTP_ENDPOINT_URL in ")])
        {
            await using var appHost = SmallApp.Start([$"--{key}=http://localhost:{port}"]);
            var (code, error) = await appHost.ExitAsync(Cancelled);
            code.ShouldBe(1);
            error.ShouldStartWith($"error: Port {port}, which the dashboard wants ({source}");
            error.ShouldNotContain('\n');
            appHost.Output.Trim().ShouldBeEmpty();
        }
    }

    [Theory]
    [InlineData("http://0.0.0.0:18888")]
    [InlineData("https://localhost:18888")]
    [InlineData("nonsense")]
    public async Task Address_WhereTheDashboardDoesNotListen_IsOneSentence(string address)
    {
        await using var appHost = SmallApp.Start([$"--ASPNETCORE_URLS={address}"]);
        var (code, error) = await appHost.ExitAsync(Cancelled);
        code.ShouldBe(1);
        error.ShouldStartWith($"error: ASPNETCORE_URLS is '{address}', where the dashboard does not listen");
        error.ShouldNotContain('\n');
    }

    [Fact]
    public async Task AppHosts_SideBySide_RunWithoutMeeting()
    {
        await using var one = SmallApp.Start(s_freePorts);
        await using var other = SmallApp.Start(s_freePorts);
        await Task.WhenAll(one.UpAsync(Cancelled), other.UpAsync(Cancelled));
        string[] Addresses(AppHostProcess appHost) => [.. appHost.Output.Split('\n').Where(line => line.Contains("http://localhost:", StringComparison.Ordinal)).Select(line => line[line.IndexOf("http://", StringComparison.Ordinal)..].Split('/')[2])];
        Addresses(one).Length.ShouldBe(2); // the dashboard and the service
        Addresses(one).Intersect(Addresses(other)).ShouldBeEmpty();
        var link = one.Output.Split('\n').Single(line => line.StartsWith("Login to the dashboard at ", StringComparison.Ordinal))[26..].Trim();
        link.ShouldMatch("^http://localhost:\\d+/login\\?t=[0-9a-f]{32}$");
        using var client = new HttpClient();
        (await client.GetStringAsync(link, Cancelled)).ShouldContain("<h1>Resources</h1>");
        (await client.GetAsync($"http://{Addresses(other)[0]}/", Cancelled)).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task Database_Unreachable_IsOneSentence()
    {
        await using var appHost = SmallApp.Start([.. s_freePorts, "--ConnectionStrings:things=Host=127.0.0.1;Port=9;Database=things"]);
        var (code, error) = await appHost.ExitAsync(Cancelled);
        code.ShouldBe(1);
        error.ShouldStartWith("error: ConnectionStrings:things names server 127.0.0.1:9, which does not answer (");
        error.ShouldNotContain('\n');
    }

    [Fact]
    public async Task Secrets_ThatAreNotJson_AreOneSentence()
    {
        await using var appHost = SmallApp.Start(s_freePorts, (home, _) =>
        {
            var folder = Directory.CreateDirectory(Path.Combine(home.FullName, ".microsoft", "usersecrets", "small-apphost"));
            File.WriteAllText(Path.Combine(folder.FullName, "secrets.json"), "{ \"Parameters:x\": ");
        });
        var (code, error) = await appHost.ExitAsync(Cancelled);
        code.ShouldBe(1);
        error.ShouldStartWith("error: The AppHost's configuration cannot be read");
        error.ShouldContain("secrets.json");
        error.ShouldNotContain('\n');
    }

    [Fact]
    public async Task Switch_ThatIsNeitherTrueNorFalse_IsOneSentence()
    {
        await using var appHost = SmallApp.Start(["--DcpPublisher:RandomizePorts=perhaps"]);
        (await appHost.ExitAsync(Cancelled)).ShouldBe((1, "error: DcpPublisher:RandomizePorts is 'perhaps', which is neither true nor false: correct it in the AppHost's configuration."));
    }

    [Theory]
    [InlineData(null, "error: 'script' needs Node.js, and node is not on the PATH: install Node.js 20 or newer")]
    [InlineData("v18.19.0", "error: 'script' needs Node.js 20 or newer, and ")]
    public async Task Node_MissingOrOld_IsOneSentence(string? version, string start)
    {
        await using var appHost = SmallApp.Start(s_freePorts, (home, environment) =>
        {
            // A PATH with nothing but what the launcher needs.
            var programs = Directory.CreateDirectory(Path.Combine(home.FullName, "bin"));
            foreach (var program in (string[])["bash", "sh", "rm", "sleep", "setpriv"])
            {
                File.CreateSymbolicLink(Path.Combine(programs.FullName, program), Path.Combine("/usr/bin", program));
            }

            if (version is not null)
            {
                foreach (var program in (string[])["node", "npm"])
                {
                    var path = Path.Combine(programs.FullName, program);
                    File.WriteAllText(path, $"#!/bin/sh\necho {version}\n");
                    File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
                }
            }

            environment["PATH"] = programs.FullName;
        });
        var (code, error) = await appHost.ExitAsync(Cancelled);
        code.ShouldBe(1);
        error.ShouldStartWith(start);
        error.ShouldNotContain('\n');
    }

    // Not at once, for the launchers have to notice, but soon.
    static async Task EndAsync(IEnumerable<Process> processes)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        patience.CancelAfter(TimeSpan.FromSeconds(8));
        foreach (var process in processes) await process.WaitForExitAsync(patience.Token);
    }
}
