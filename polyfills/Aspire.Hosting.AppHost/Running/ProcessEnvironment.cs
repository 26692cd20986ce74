using System.Collections;
using System.Globalization;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Logging;

namespace Aspire.Hosting.Running;

/// <summary>What a process of a resource sees: the AppHost's environment without what is the AppHost's own, and what the model says.</summary>
static class ProcessEnvironment
{
    static readonly string[] s_own =
    [
        "ASPNETCORE_URLS", "ASPNETCORE_HTTP_PORTS", "ASPNETCORE_HTTPS_PORTS", "DOTNET_LAUNCH_PROFILE", "DOTNET_URLS", "MSBUILD_EXE_PATH", "BASH_ENV"
    ];

    static readonly string[] s_ownPrefixes = ["ASPIRE_", "DOTNET_DASHBOARD_", "DOTNET_RESOURCE_SERVICE_", "ConnectionStrings__", "Parameters__", "MSBuild"];

    /// <summary>The environment for a helper such as npm: nothing of a resource.</summary>
    public static Dictionary<string, string> Inherited()
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (DictionaryEntry entry in Environment.GetEnvironmentVariables())
        {
            var name = (string)entry.Key;
            // Only those who are given a connection string or a parameter see it, and only as theirs.
            if (s_own.Contains(name, StringComparer.Ordinal) || s_ownPrefixes.Any(prefix => name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase))) continue;
            variables[name] = (string?)entry.Value ?? "";
        }

        return variables;
    }

    /// <summary>What the model says about one process of a resource; the process sees it beside what it inherits.</summary>
    public static async Task<Dictionary<string, string>> OfAsync(
        Instance instance, DistributedApplicationExecutionContext execution, ILogger logger, CancellationToken cancellationToken)
    {
        var resource = instance.Resource;
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        var values = new Dictionary<string, object>(StringComparer.Ordinal);
        foreach (var endpoint in resource.Annotations.OfType<EndpointAnnotation>())
        {
            foreach (var name in endpoint.PortVariables) values[name] = instance.PortOf(endpoint).ToString(CultureInfo.InvariantCulture);
        }

        var context = new EnvironmentCallbackContext(execution, resource, values, cancellationToken) { Logger = logger, Instance = instance };
        foreach (var annotation in resource.Annotations.OfType<EnvironmentCallbackAnnotation>().ToArray()) await annotation.Callback(context);
        foreach (var (name, value) in values) variables[name] = await TextAsync(value, cancellationToken);
        return variables;
    }

    public static async Task<IReadOnlyList<string>> ArgumentsAsync(IResource resource, CancellationToken cancellationToken)
    {
        var context = new CommandLineArgsCallbackContext([], resource, cancellationToken);
        foreach (var annotation in resource.Annotations.OfType<CommandLineArgsCallbackAnnotation>().ToArray()) await annotation.Callback(context);
        var arguments = new List<string>();
        foreach (var argument in context.Args) arguments.Add(await TextAsync(argument, cancellationToken));
        return arguments;
    }

    static async ValueTask<string> TextAsync(object value, CancellationToken cancellationToken) => value switch
    {
        IValueProvider provider => await provider.GetValueAsync(cancellationToken) ?? "",
        IResourceBuilder<IResource> { Resource: IValueProvider provider } => await provider.GetValueAsync(cancellationToken) ?? "",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture) ?? ""
    };
}
