using System.Diagnostics;
using System.Globalization;

namespace Lightning.Benchmarks;

/// <summary>How soon everything is up, with a data folder that is empty and with one that is not; and what the dashboard costs while it receives.</summary>
static class StartBenchmark
{
    const int Starts = 3;
    static readonly TimeSpan Load = TimeSpan.FromMinutes(1);

    public static async Task RunAsync()
    {
        var folder = Directory.CreateTempSubdirectory("lightning-start-").FullName;
        // Postgres, which runs as somebody else when this runs as root, has to pass through.
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(folder, (UnixFileMode)0b111_101_101);
        try
        {
            // Packages are installed and pages of the programs read once before anything is measured.
            await using (await AppHostProcess.StartAsync(Path.Combine(folder, "first"))) { }
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
        for (var round = 0; round < Starts; round++)
        {
            await using var app = await AppHostProcess.StartAsync(folderOf(round));
            starts.Add((app.Up, app.Resources));
        }
        var median = starts.OrderBy(start => start.Up).ElementAt(Starts / 2);
        Console.WriteLine($"\nStart, {title}, median of {Starts}: {Seconds(median.Up)}\n\n| resource | healthy, or done, after |\n|---|---|");
        foreach (var (resource, at) in median.Resources) Console.WriteLine($"| {resource} | {Seconds(at)} |");
    }

    static async Task DashboardAsync(string folder, string other)
    {
        await using var on = await AppHostProcess.StartAsync(folder);
        await using var off = await AppHostProcess.StartAsync(other, ("OTEL_SDK_DISABLED", "true"));
        using var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false });
        Task AskAsync(AppHostProcess app) => client.GetAsync(new Uri(app.AddressAfter("App"), "/bff/user?slide=false"));
        await WithHeaderAsync(client, on.AddressAfter("Login to the dashboard at"));

        Console.WriteLine("\nThe BFF, telemetry on and off (goal: at least 0.95)\n");
        Rounds.Print(await Rounds.MeasureAsync([("off", _ => AskAsync(off), Rounds.OwnCpu), ("on", _ => AskAsync(on), Rounds.OwnCpu)]), "off");

        var (memory, slowest, requests, clock) = (on.Memory, TimeSpan.Zero, 0L, Stopwatch.StartNew());
        var pages = new Uri(on.AddressAfter("Login to the dashboard at").GetLeftPart(UriPartial.Authority));
        var loads = Enumerable.Range(0, 4).Select(async _ =>
        {
            for (; clock.Elapsed < Load; Interlocked.Increment(ref requests)) await AskAsync(on);
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
    }

    // The link leaves a cookie, which the client keeps; the front end's calls need their header.
    static async Task WithHeaderAsync(HttpClient client, Uri link)
    {
        client.DefaultRequestHeaders.Add("X-CSRF", "1");
        using var opened = await client.GetAsync(link);
        if ((int)opened.StatusCode != 302) throw new InvalidOperationException($"The dashboard's link answers {(int)opened.StatusCode}.");
    }

    static string Seconds(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.0} s");
}
