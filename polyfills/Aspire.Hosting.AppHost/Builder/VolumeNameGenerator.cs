using System.Text.RegularExpressions;
using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting;

/// <summary>Names volumes so that two AppHosts do not share one.</summary>
public static partial class VolumeNameGenerator
{
    /// <summary>The AppHost's name, ten digits of the hash of its folder, the resource's name and a suffix.</summary>
    public static string Generate<T>(IResourceBuilder<T> builder, string suffix) where T : IResource
    {
        var application = NotInVolumeName().Replace(builder.ApplicationBuilder.Environment.ApplicationName, "_");
        var folder = builder.ApplicationBuilder.Configuration["AppHost:Sha256"]![..10];
        return $"{application}-{folder}-".ToLowerInvariant() + $"{builder.Resource.Name}-{suffix}";
    }

    [GeneratedRegex("^[^a-zA-Z0-9]|[^a-zA-Z0-9_.-]", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex NotInVolumeName();
}
