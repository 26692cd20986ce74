using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.DependencyInjection;

namespace Aspire.Hosting;

public static partial class ResourceBuilderExtensions
{
    /// <summary>Adds something that a person may do to the resource.</summary>
    public static IResourceBuilder<T> WithCommand<T>(
        this IResourceBuilder<T> builder, string name, string displayName, Func<ExecuteCommandContext, Task<ExecuteCommandResult>> executeCommand,
        CommandOptions? commandOptions = null) where T : IResource
    {
        var options = commandOptions ?? new CommandOptions();
        foreach (var other in builder.Resource.Annotations.OfType<ResourceCommandAnnotation>().Where(other => other.Name == name).ToArray())
        {
            builder.Resource.Annotations.Remove(other);
        }

        return builder.WithAnnotation(new ResourceCommandAnnotation(
            name, displayName, options.UpdateState ?? (_ => ResourceCommandState.Enabled), executeCommand, options.Description, parameter: null,
            options.ConfirmationMessage, options.IconName, options.IconVariant, options.IsHighlighted));
    }

    /// <summary>Adds a command that is a request over http. It may be given while the resource is healthy.</summary>
    public static IResourceBuilder<TResource> WithHttpCommand<TResource>(
        this IResourceBuilder<TResource> builder, string path, string displayName, string? endpointName = null, string? commandName = null,
        HttpCommandOptions? commandOptions = null) where TResource : IResourceWithEndpoints =>
        builder.WithHttpCommand(path, displayName, endpointName is null ? null : () => builder.GetEndpoint(endpointName), commandName, commandOptions);

    /// <summary>Adds a command that is a request over http. It may be given while the resource is healthy.</summary>
    public static IResourceBuilder<TResource> WithHttpCommand<TResource>(
        this IResourceBuilder<TResource> builder, string path, string displayName, Func<EndpointReference>? endpointSelector, string? commandName = null,
        HttpCommandOptions? commandOptions = null) where TResource : IResourceWithEndpoints
    {
        var options = commandOptions ?? new HttpCommandOptions();
        options.UpdateState ??= context => context.ResourceSnapshot.HealthStatus == Microsoft.Extensions.Diagnostics.HealthChecks.HealthStatus.Healthy
            ? ResourceCommandState.Enabled
            : ResourceCommandState.Disabled;
        builder.ApplicationBuilder.Services.AddHttpClient();
        var method = options.Method ?? HttpMethod.Post;
        var name = commandName ?? $"{builder.Resource.Name}-http-{method.Method.ToLowerInvariant()}-{path}";
        return builder.WithCommand(name, displayName, async context =>
        {
            var endpoint = (options.EndpointSelector ?? endpointSelector)?.Invoke() ?? HttpEndpoint(builder.Resource);
            var client = context.ServiceProvider.GetRequiredService<IHttpClientFactory>().CreateClient(options.HttpClientName ?? "");
            using var request = new HttpRequestMessage(method, new Uri(new Uri(endpoint.Url), path));
            if (options.PrepareRequest is { } prepare)
            {
                await prepare(new()
                {
                    ServiceProvider = context.ServiceProvider,
                    ResourceName = context.ResourceName,
                    Endpoint = endpoint,
                    HttpClient = client,
                    Request = request,
                    CancellationToken = context.CancellationToken
                });
            }

            using var response = await client.SendAsync(request, context.CancellationToken);
            if (options.GetCommandResult is { } result)
            {
                return await result(new()
                {
                    ServiceProvider = context.ServiceProvider,
                    ResourceName = context.ResourceName,
                    Endpoint = endpoint,
                    HttpClient = client,
                    Response = response,
                    CancellationToken = context.CancellationToken
                });
            }

            return response.IsSuccessStatusCode
                ? CommandResults.Success()
                : CommandResults.Failure($"{method} {request.RequestUri} answered {(int)response.StatusCode}.");
        }, options);
    }

    static EndpointReference HttpEndpoint(IResourceWithEndpoints resource) =>
        resource.GetEndpoints().OrderByDescending(endpoint => endpoint.IsHttps).FirstOrDefault(endpoint => endpoint.IsHttp || endpoint.IsHttps)
        ?? throw new DistributedApplicationException(
            $"'{resource.Name}' has a command over http but no http endpoint: add one, or an applicationUrl to its launchSettings.json.");
}
