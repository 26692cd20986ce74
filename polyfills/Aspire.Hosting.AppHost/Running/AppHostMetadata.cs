using System.Reflection;

namespace Aspire.Hosting.Running;

/// <summary>What the AppHost's build wrote into its assembly.</summary>
static class AppHostMetadata
{
    public static string? Find(Assembly? assembly, string key) => assembly?.GetCustomAttributes<AssemblyMetadataAttribute>()
        .FirstOrDefault(metadata => string.Equals(metadata.Key, key, StringComparison.OrdinalIgnoreCase))?.Value;
}
