using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Configuration;

namespace Lightning.AppHost.Startup;

/// <summary>Prints the progress of the start and the addresses of the app.</summary>
sealed class StartupConsole(DistributedApplicationModel model, IConfiguration configuration)
{
    const string Dashboard = "aspire-dashboard";
    readonly Stopwatch clock = Stopwatch.StartNew();

    int Width => model.Resources.Max(resource => resource.Name.Length);

    /// <summary>Prints the state of a resource and the time since the start.</summary>
    public void Print(string resource, string state) =>
        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"  {resource.PadRight(Width)}  {state} ({clock.Elapsed.TotalSeconds:0.0} s)"
            )
        );

    /// <summary>
    /// Prints the last lines of a resource, followed by one sentence with the failure and the fix.
    /// </summary>
    public static void PrintFailure(string resource, string failure, IReadOnlyList<string> lines, string remedy)
    {
        foreach (var line in lines.SkipLast(1))
            Console.Error.WriteLine($"  {resource}: {line}");
        var cause = lines.Count > 0 ? $": {lines[^1].TrimEnd('.')}" : "";
        Console.Error.WriteLine($"error: '{resource}' {failure}{cause}{remedy}.");
    }

    /// <summary>Prints the URLs with a display name, followed by the dashboard's login link.</summary>
    public void PrintAddresses(IEnumerable<StartingResource> started)
    {
        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"\nEverything is up after {clock.Elapsed.TotalSeconds:0.0} s.\n"
            )
        );
        var urls = started
            .Where(resource => resource.Resource.Name != Dashboard)
            // Resources that are declared last depend on the others and are opened first.
            .Reverse()
            .SelectMany(resource => resource.Urls);
        foreach (var url in urls)
            Console.WriteLine($"  {url.DisplayProperties.DisplayName, -10} {url.Url}");
        if (
            model.Resources.FirstOrDefault(resource => resource.Name == Dashboard)
            is not IResourceWithEndpoints dashboard
        )
        {
            return;
        }
        var address = dashboard.GetEndpoint("http").Url;
        Console.WriteLine($"  Dashboard  {address}/login?t={configuration["AppHost:BrowserToken"]}");
    }
}
