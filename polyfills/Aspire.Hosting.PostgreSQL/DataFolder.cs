using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Running;

namespace Aspire.Hosting.Postgres;

/// <summary>Where a server keeps its data: a volume, a folder, or for as long as it runs.</summary>
sealed record DataFolder(string Path, bool IsTemporary)
{
    public static DataFolder Of(IResourceBuilder<PostgresServerResource> server, bool testing)
    {
        if (!testing && server.Resource.TryGetLastAnnotation<ContainerMountAnnotation>(out var mount))
        {
            return new(mount.Type == ContainerMountType.Volume ? System.IO.Path.Combine(Places.Data, "volumes", mount.Source!) : mount.Source!, IsTemporary: false);
        }

        // A test has data of its own, never the developer's.
        return new(System.IO.Path.Combine(Places.Temporary, $"aspire-{server.Resource.Name}-{Guid.NewGuid():n}"), IsTemporary: true);
    }
}
