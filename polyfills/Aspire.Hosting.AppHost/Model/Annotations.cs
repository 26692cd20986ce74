using System.Diagnostics.CodeAnalysis;
using Aspire.Hosting.Running;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>Sets environment variables when the resource starts.</summary>
public class EnvironmentCallbackAnnotation(Func<EnvironmentCallbackContext, Task> callback) : IResourceAnnotation
{
    /// <summary>Sets environment variables by a callback.</summary>
    public EnvironmentCallbackAnnotation(Action<EnvironmentCallbackContext> callback)
        : this(context => { callback(context); return Task.CompletedTask; })
    {
    }

    /// <summary>The callback.</summary>
    public Func<EnvironmentCallbackContext, Task> Callback { get; } = callback;
}

/// <summary>What a callback that sets environment variables works on.</summary>
public class EnvironmentCallbackContext(
    DistributedApplicationExecutionContext executionContext,
    IResource resource,
    Dictionary<string, object>? environmentVariables = null,
    CancellationToken cancellationToken = default)
{
    /// <summary>The variables: strings, or value providers that are asked when the process starts.</summary>
    public Dictionary<string, object> EnvironmentVariables { get; } = environmentVariables ?? [];

    /// <summary>The resource that is starting.</summary>
    public IResource Resource { get; } = resource;

    /// <summary>Whether the application runs or is published.</summary>
    public DistributedApplicationExecutionContext ExecutionContext { get; } = executionContext;

    /// <summary>Ends when the application stops.</summary>
    public CancellationToken CancellationToken { get; } = cancellationToken;

    /// <summary>The resource's log.</summary>
    public ILogger Logger { get; set; } = NullLogger.Instance;

    /// <summary>Which of the resource's processes is starting.</summary>
    internal Instance Instance { get; init; } = new(resource, 1, 1);
}

/// <summary>Sets command-line arguments when the resource starts.</summary>
public class CommandLineArgsCallbackAnnotation(Func<CommandLineArgsCallbackContext, Task> callback) : IResourceAnnotation
{
    /// <summary>Sets command-line arguments by a callback.</summary>
    public CommandLineArgsCallbackAnnotation(Action<IList<object>> callback)
        : this(context => { callback(context.Args); return Task.CompletedTask; })
    {
    }

    /// <summary>The callback.</summary>
    public Func<CommandLineArgsCallbackContext, Task> Callback { get; } = callback;
}

/// <summary>What a callback that sets arguments works on.</summary>
public sealed class CommandLineArgsCallbackContext(IList<object> args, IResource resource, CancellationToken cancellationToken = default)
{
    /// <summary>The arguments: strings, or value providers that are asked when the process starts.</summary>
    public IList<object> Args { get; } = args;

    /// <summary>The resource that is starting.</summary>
    public IResource Resource { get; } = resource;

    /// <summary>Ends when the application stops.</summary>
    public CancellationToken CancellationToken { get; } = cancellationToken;
}

/// <summary>Names a registered health check that says whether the resource is healthy.</summary>
public class HealthCheckAnnotation(string key) : IResourceAnnotation
{
    /// <summary>The name it is registered by.</summary>
    public string Key { get; } = key;
}

/// <summary>How many processes of the resource run.</summary>
public sealed class ReplicaAnnotation(int replicas = 1) : IResourceAnnotation
{
    /// <summary>How many.</summary>
    public int Replicas { get; } = replicas;
}

/// <summary>A folder or volume that the resource keeps its data in.</summary>
public sealed class ContainerMountAnnotation(string? source, string target, ContainerMountType type, bool isReadOnly) : IResourceAnnotation
{
    /// <summary>The folder, or the volume's name.</summary>
    public string? Source { get; } = source;

    /// <summary>Where a container would see it.</summary>
    public string Target { get; } = target;

    /// <summary>Folder or volume.</summary>
    public ContainerMountType Type { get; } = type;

    /// <summary>Whether it may be written.</summary>
    public bool IsReadOnly { get; } = isReadOnly;
}

/// <summary>Folder or volume.</summary>
public enum ContainerMountType
{
    /// <summary>A folder of this machine.</summary>
    BindMount = 0,

    /// <summary>A named volume.</summary>
    Volume = 1
}

/// <summary>Files of another resource that a published resource takes in.</summary>
public sealed class ContainerFilesDestinationAnnotation : IResourceAnnotation
{
    /// <summary>Whose files.</summary>
    public required IResource Source { get; init; }

    /// <summary>Where they go.</summary>
    public required string DestinationPath { get; init; }
}

/// <summary>Finds annotations and endpoints.</summary>
public static class ResourceExtensions
{
    /// <summary>The last annotation of a type, if there is one.</summary>
    public static bool TryGetLastAnnotation<T>(this IResource resource, [NotNullWhen(true)] out T? annotation) where T : IResourceAnnotation
    {
        annotation = resource.Annotations.OfType<T>().LastOrDefault();
        return annotation is not null;
    }

    /// <summary>The annotations of a type, if there are any.</summary>
    public static bool TryGetAnnotationsOfType<T>(this IResource resource, [NotNullWhen(true)] out IEnumerable<T>? result)
        where T : IResourceAnnotation
    {
        var found = resource.Annotations.OfType<T>().ToArray();
        result = found.Length > 0 ? found : null;
        return result is not null;
    }

    /// <summary>Whether there is an annotation of a type.</summary>
    public static bool HasAnnotationOfType<T>(this IResource resource) where T : IResourceAnnotation =>
        resource.Annotations.OfType<T>().Any();

    /// <summary>The endpoint of that name; it need not be described yet.</summary>
    public static EndpointReference GetEndpoint(this IResourceWithEndpoints resource, string endpointName) => new(resource, endpointName);

    /// <summary>All endpoints described so far.</summary>
    public static IEnumerable<EndpointReference> GetEndpoints(this IResourceWithEndpoints resource) =>
        resource.Annotations.OfType<EndpointAnnotation>().Select(endpoint => new EndpointReference(resource, endpoint));

    /// <summary>How many processes of the resource run.</summary>
    public static int GetReplicaCount(this IResource resource) =>
        resource.TryGetLastAnnotation<ReplicaAnnotation>(out var replicas) ? replicas.Replicas : 1;
}
