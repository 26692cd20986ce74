using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Lightning.Testing;

namespace Lightning.Benchmarks;

/// <summary>How soon everything is up, with a data folder that is empty and with one that is not; and what the dashboard costs while it receives.</summary>
static partial class StartBenchmark
{
    const int Starts = 3;
    static readonly TimeSpan Load = TimeSpan.FromMinutes(1), Patience = TimeSpan.FromMinutes(5);

    static string Built => ProxyProcess.Service("Lightning.AppHost");

    /// <summary>As <c>dotnet run</c> builds it for whoever develops: a start is what they wait for, and another configuration starts otherwise.</summary>
    static string Developed => Built.Replace($"{Path.DirectorySeparatorChar}Release{Path.DirectorySeparatorChar}", $"{Path.DirectorySeparatorChar}Debug{Path.DirectorySeparatorChar}", StringComparison.Ordinal);

    public static async Task RunAsync()
    {
        if (!File.Exists(Developed)) throw new InvalidOperationException($"{Developed} is missing: run `dotnet build Lightning.AppHost` first.");
        var folder = Directory.CreateTempSubdirectory("lightning-start-").FullName;
        // Postgres, which runs as somebody else when this runs as root, has to pass through.
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(folder, (UnixFileMode)0b111_101_101);
        try
        {
            // Packages are installed and pages of the programs read once before anything is measured.
            await MeasureAsync(Path.Combine(folder, "first"));
            await PrintAsync("cold, an empty data folder (goal: 12 s)", round => Path.Combine(folder, $"cold-{round}"));
            await PrintAsync("warm, the data of before (goal: 6 s)", _ => Path.Combine(folder, "first"));
            await DashboardAsync(Path.Combine(folder, "first"), Path.Combine(folder, "cold-0"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    static async Task PrintAsync(string title, Func<int, string> folderOf)
    {
        var starts = new List<(TimeSpan Up, IReadOnlyList<(string Resource, TimeSpan At)> Resources)>();
        for (var round = 0; round < Starts; round++) starts.Add(await MeasureAsync(folderOf(round)));
        var median = starts.OrderBy(start => start.Up).ElementAt(Starts / 2);
        Console.WriteLine($"\nStart, {title}, median of {Starts}: {Seconds(median.Up)}\n\n| resource | healthy, or done, after |\n|---|---|");
        foreach (var (resource, at) in median.Resources) Console.WriteLine($"| {resource} | {Seconds(at)} |");
    }

    /// <summary>How soon all was up, and each resource healthy or done, since the start of the process.</summary>
    static async Task<(TimeSpan Up, IReadOnlyList<(string Resource, TimeSpan At)> Resources)> MeasureAsync(string folder)
    {
        await using var app = Start(Developed, folder);
        var up = await app.UpAsync(CancellationToken.None).WaitAsync(Patience);
        await app.StopAsync(CancellationToken.None).WaitAsync(Patience);
        return (up, [.. app.Lines.Select(line => (Said().Match(line.Text), line.At)).Where(line => line.Item1.Success).Select(line => (line.Item1.Groups["resource"].Value, line.At))]);
    }

    /// <summary>The whole application on free ports, with user secrets and data of the benchmark's own.</summary>
    /// <param name="appHost">The AppHost, as it was built.</param>
    /// <param name="folder">Holds its home and its data; what is there already is used.</param>
    /// <param name="environment">What its services see besides.</param>
    static AppHostProcess Start(string appHost, string folder, params (string Name, string Value)[] environment)
    {
        var home = Directory.CreateDirectory(Path.Combine(folder, "home")).FullName;
        var start = new ProcessStartInfo("dotnet", ["exec", appHost, "--ports", "auto", "--data", Path.Combine(folder, "data")]);
        foreach (var (name, value) in environment) start.Environment[name] = value;
        return AppHostProcess.Start(start, home);
    }

    /// <summary>The address that stands after a word, such as <c>App</c> or <c>Login to the dashboard at</c>.</summary>
    static Uri AddressAfter(AppHostProcess app, string word) =>
        new(app.Lines.Select(line => line.Text.Trim()).Last(line => line.StartsWith(word, StringComparison.Ordinal))[word.Length..].Trim());

    static async Task DashboardAsync(string folder, string other)
    {
        await using var on = Start(Built, folder);
        await using var off = Start(Built, other, ("OTEL_SDK_DISABLED", "true"));
        foreach (var app in new[] { on, off }) await app.UpAsync(CancellationToken.None).WaitAsync(Patience);
        using var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false });
        var (user, userWithout) = (new Uri(AddressAfter(on, "App"), "/bff/user?slide=false"), new Uri(AddressAfter(off, "App"), "/bff/user?slide=false"));
        var dashboard = AddressAfter(on, "Login to the dashboard at");
        await WithHeaderAsync(client, dashboard);

        Console.WriteLine("\nThe BFF, telemetry on and off (goal: at least 0.95)\n");
        Rounds.Print(await Rounds.MeasureAsync([("off", _ => AskAsync(userWithout), Rounds.OwnCpu), ("on", _ => AskAsync(user), Rounds.OwnCpu)], requests: 40_000), "off");

        var (memory, slowest, requests, clock) = (on.Memory, TimeSpan.Zero, 0L, Stopwatch.StartNew());
        var pages = new Uri(dashboard.GetLeftPart(UriPartial.Authority));
        var loads = Enumerable.Range(0, 4).Select(async _ =>
        {
            for (; clock.Elapsed < Load; Interlocked.Increment(ref requests)) await AskAsync(user);
        }).ToArray();
        while (clock.Elapsed < Load)
        {
            foreach (var page in new[] { "/", "/logs", "/traces?kind=all", "/metrics?resource=bff" })
            {
                var began = Stopwatch.GetTimestamp();
                using var answer = await client.GetAsync(new Uri(pages, page));
                answer.EnsureSuccessStatusCode();
                slowest = TimeSpan.FromTicks(Math.Max(slowest.Ticks, Stopwatch.GetElapsedTime(began).Ticks));
            }
            memory = Math.Max(memory, on.Memory);
            await Task.Delay(TimeSpan.FromSeconds(1));
        }
        await Task.WhenAll(loads);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"\nThe dashboard while {requests} requests are traced in {Load.TotalSeconds:0} s: at most {memory >> 20} MB in the AppHost's process (goal: 300), its slowest page after {slowest.TotalMilliseconds:0} ms"));

        async Task AskAsync(Uri address)
        {
            using var answer = await client.GetAsync(address);
            await answer.Content.ReadAsByteArrayAsync();
        }
    }

    // The link leaves a cookie, which the client keeps; the front end's calls need their header.
    static async Task WithHeaderAsync(HttpClient client, Uri link)
    {
        client.DefaultRequestHeaders.Add("X-CSRF", "1");
        using var opened = await client.GetAsync(link);
        if ((int)opened.StatusCode != 302) throw new InvalidOperationException($"The dashboard's link answers {(int)opened.StatusCode}.");
    }

    [GeneratedRegex(@"^  (?<resource>\S+) +(healthy|started|finished) \(", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Said();

    static string Seconds(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.0} s");
}
