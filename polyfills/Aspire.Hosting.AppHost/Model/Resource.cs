using System.Collections.ObjectModel;
using System.Diagnostics.CodeAnalysis;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>Something that the application is made of: a process, a server, a database, a parameter.</summary>
public interface IResource
{
    /// <summary>The name that logs, service discovery and connection strings know it by.</summary>
    string Name { get; }

    /// <summary>What has been said about it.</summary>
    ResourceAnnotationCollection Annotations { get; }
}

/// <summary>One thing said about a resource.</summary>
public interface IResourceAnnotation;

/// <summary>What has been said about a resource, in the order in which it was said.</summary>
public sealed class ResourceAnnotationCollection : Collection<IResourceAnnotation>;

/// <summary>A resource with a name and annotations; behaviour sits in extension methods.</summary>
public abstract class Resource : IResource
{
    /// <summary>Names the resource.</summary>
    protected Resource(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        Name = name;
    }

    /// <inheritdoc/>
    public virtual string Name { get; }

    /// <inheritdoc/>
    public virtual ResourceAnnotationCollection Annotations { get; } = [];
}

/// <summary>A resource that takes environment variables.</summary>
public interface IResourceWithEnvironment : IResource;

/// <summary>A resource that takes command-line arguments.</summary>
public interface IResourceWithArgs : IResource;

/// <summary>A resource that listens.</summary>
public interface IResourceWithEndpoints : IResource;

/// <summary>A resource that can wait for others.</summary>
public interface IResourceWithWaitSupport : IResource;

/// <summary>A resource that runs somewhere when published.</summary>
public interface IComputeResource : IResource;

/// <summary>A place that published resources run in.</summary>
public interface IComputeEnvironmentResource : IResource;

/// <summary>A resource that, when published, takes in the files of another.</summary>
public interface IContainerFilesDestinationResource : IResource;

/// <summary>A resource that lives inside another.</summary>
public interface IResourceWithParent : IResource
{
    /// <summary>The resource it lives inside.</summary>
    IResource Parent { get; }
}

/// <summary>A resource that lives inside another.</summary>
public interface IResourceWithParent<out T> : IResourceWithParent where T : IResource
{
    /// <summary>The resource it lives inside.</summary>
    new T Parent { get; }

    IResource IResourceWithParent.Parent => Parent;
}

/// <summary>The resources of the application.</summary>
public interface IResourceCollection : IList<IResource>
{
    /// <summary>Finds a resource by its name, in any case.</summary>
    bool TryGetByName(string name, [NotNullWhen(true)] out IResource? resource);
}

/// <summary>Whether an annotation comes beside those of its type, or instead of them.</summary>
public enum ResourceAnnotationMutationBehavior
{
    /// <summary>Beside them.</summary>
    Append = 0,

    /// <summary>Instead of them.</summary>
    Replace = 1
}

/// <summary>Says things about a resource.</summary>
public interface IResourceBuilder<out T> where T : IResource
{
    /// <summary>The application that the resource belongs to.</summary>
    IDistributedApplicationBuilder ApplicationBuilder { get; }

    /// <summary>The resource.</summary>
    T Resource { get; }

    /// <summary>Adds an annotation made without arguments.</summary>
    IResourceBuilder<T> WithAnnotation<TAnnotation>(ResourceAnnotationMutationBehavior behavior = ResourceAnnotationMutationBehavior.Append)
        where TAnnotation : IResourceAnnotation, new() => WithAnnotation(new TAnnotation(), behavior);

    /// <summary>Adds an annotation.</summary>
    IResourceBuilder<T> WithAnnotation<TAnnotation>(
        TAnnotation annotation, ResourceAnnotationMutationBehavior behavior = ResourceAnnotationMutationBehavior.Append)
        where TAnnotation : IResourceAnnotation;
}

/// <summary>The application as it was described.</summary>
public class DistributedApplicationModel(IResourceCollection resources)
{
    /// <summary>Everything that it is made of.</summary>
    public IResourceCollection Resources { get; } = resources;
}
