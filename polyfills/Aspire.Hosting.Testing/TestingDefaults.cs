using System.Reflection;
using System.Text.Json;
using Aspire.Hosting.Running;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;

namespace Aspire.Hosting.Testing;

/// <summary>What differs when a test runs an application.</summary>
static class TestingDefaults
{
    public static void Apply(DistributedApplicationOptions options, HostApplicationBuilderSettings settings, string[] args, Assembly? appHost)
    {
        options.Args = args;
        options.Testing = true;
        options.DisableDashboard = true;
        options.EnableResourceLogging = true;
        if (appHost is not null) options.AssemblyName = appHost.GetName().Name;

        // A command line may say otherwise.
        settings.Configuration ??= new ConfigurationManager();
        settings.Configuration.AddInMemoryCollection([new("DcpPublisher:RandomizePorts", "true")]);
        settings.Configuration.AddInMemoryCollection(LaunchProfile(AppHostMetadata.Find(appHost, "apphostprojectpath")));
    }

    // `dotnet run` would have set these as environment variables.
    static IEnumerable<KeyValuePair<string, string?>> LaunchProfile(string? folder)
    {
        var path = folder is null ? null : Path.Combine(folder, "Properties", "launchSettings.json");
        if (!File.Exists(path)) return [];
        var profile = JsonSerializer.Deserialize<LaunchSettings>(File.ReadAllText(path), JsonSerializerOptions.Web)?.Profiles.Values.FirstOrDefault();
        return profile?.EnvironmentVariables.SelectMany(variable => Keys(variable.Key).Select(key => new KeyValuePair<string, string?>(key, variable.Value))) ?? [];
    }

    static IEnumerable<string> Keys(string variable)
    {
        yield return variable.Replace("__", ":", StringComparison.Ordinal);
        if (variable.StartsWith("DOTNET_", StringComparison.Ordinal)) yield return variable["DOTNET_".Length..];
    }
}
