using System.Globalization;
using System.Text.RegularExpressions;
using Lightning.Testing;

namespace Lightning.Benchmarks;

/// <summary>How soon everything is up, with an empty data folder and with one that is not.</summary>
static partial class StartBenchmark
{
    const int Starts = 3;
    static readonly TimeSpan StartTimeout = TimeSpan.FromMinutes(5);

    /// <summary>
    /// A Debug build, as `dotnet run` uses it.
    /// </summary>
    static string AppHost =>
        ProxyProcess
            .Service("Lightning.AppHost")
            .Replace(
                $"{Path.DirectorySeparatorChar}Release{Path.DirectorySeparatorChar}",
                $"{Path.DirectorySeparatorChar}Debug{Path.DirectorySeparatorChar}",
                StringComparison.Ordinal
            );

    public static async Task RunAsync()
    {
        if (!File.Exists(AppHost))
            throw new InvalidOperationException($"{AppHost} is missing: run `dotnet build Lightning.AppHost` first.");
        var folder = Directory.CreateTempSubdirectory("lightning-start-").FullName;
        // The unprivileged PostgreSQL must be able to enter the folder.
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(folder, (UnixFileMode)0b111_101_101);
        try
        {
            // Installs packages and warms up the file cache before measuring.
            await MeasureAsync(Path.Combine(folder, "first"));
            await PrintAsync("cold, an empty data folder (goal: 30 s)", round => Path.Combine(folder, $"cold-{round}"));
            await PrintAsync("warm, the data of before (goal: 15 s)", _ => Path.Combine(folder, "first"));
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
            starts.Add(await MeasureAsync(folderOf(round)));
        var median = starts.OrderBy(start => start.Up).ElementAt(Starts / 2);
        Console.WriteLine($"\nStart, {title}, median of {Starts}: {Seconds(median.Up)}\n");
        Console.WriteLine("| resource | healthy, or done, after |\n|---|---|");
        foreach (var (resource, at) in median.Resources)
            Console.WriteLine($"| {resource} | {Seconds(at)} |");
    }

    /// <summary>How soon all was up, and each resource healthy or done, since the start of the process.</summary>
    static async Task<(TimeSpan Up, IReadOnlyList<(string Resource, TimeSpan At)> Resources)> MeasureAsync(
        string folder
    )
    {
        var secrets = Directory.CreateDirectory(Path.Combine(folder, "secrets")).FullName;
        await using var app = AppHostProcess.Start(
            AppHost,
            ["--ports", "auto", "--data", Path.Combine(folder, "data")],
            secrets
        );
        var up = await app.UpAsync(CancellationToken.None).WaitAsync(StartTimeout);
        await app.StopAsync(CancellationToken.None).WaitAsync(StartTimeout);
        return (
            up,
            [
                .. from line in app.Lines
                let said = Line().Match(line.Text)
                where said.Success
                select (said.Groups["resource"].Value, line.At),
            ]
        );
    }

    [GeneratedRegex(
        @"^  (?<resource>\S+) +(healthy|finished) \(",
        RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000
    )]
    private static partial Regex Line();

    static string Seconds(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.0} s");
}
