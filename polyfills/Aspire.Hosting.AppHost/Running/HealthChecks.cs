using System.Data.Common;
using System.Net.Sockets;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Aspire.Hosting.Running;

/// <summary>Healthy when an address answers with the status code.</summary>
sealed class HttpHealthCheck(Func<EndpointReference> endpoint, string path, int statusCode) : IHealthCheck
{
    static readonly HttpClient s_client = new(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false }) { Timeout = TimeSpan.FromSeconds(5) };

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken)
    {
        var reference = endpoint();
        var asked = Instance.Checked is { } instance && instance.Resource == reference.Resource ? instance.UrlOf(reference.EndpointAnnotation) : reference.Url;
        var address = new Uri(new Uri(asked), path);
        try
        {
            using var response = await s_client.GetAsync(address, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            return (int)response.StatusCode == statusCode
                ? HealthCheckResult.Healthy()
                : HealthCheckResult.Unhealthy($"{address} answers {(int)response.StatusCode}, not {statusCode}");
        }
        catch (Exception e) when (e is HttpRequestException or IOException or TaskCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return HealthCheckResult.Unhealthy($"{address} does not answer yet");
        }
    }
}

/// <summary>Healthy when the server that a configured connection string names takes connections.</summary>
sealed class ServerReachableCheck(IResourceWithConnectionString resource, TimeProvider clock) : IHealthCheck
{
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);
    readonly long _since = clock.GetTimestamp();

    public static void AddTo(IResourceBuilder<IResourceWithConnectionString> builder)
    {
        var key = $"{builder.Resource.Name}_check";
        ServerReachableCheck? check = null;
        builder.ApplicationBuilder.Services.AddHealthChecks().Add(new HealthCheckRegistration(
            key, services => check ??= new(builder.Resource, services.GetRequiredService<TimeProvider>()), HealthStatus.Unhealthy, tags: null));
        builder.WithHealthCheck(key);
    }

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken)
    {
        if (Server(await resource.GetConnectionStringAsync(cancellationToken) ?? "") is not { } server) return HealthCheckResult.Healthy();
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(server.Host, server.Port, cancellationToken).AsTask().WaitAsync(s_patience, clock, cancellationToken);
            return HealthCheckResult.Healthy();
        }
        catch (Exception e) when (e is SocketException or TimeoutException)
        {
            if (clock.GetElapsedTime(_since) < s_patience) return HealthCheckResult.Unhealthy(e.Message);
            throw new DistributedApplicationException(
                $"ConnectionStrings:{resource.Name} names server {server.Host}:{server.Port}, which does not answer ({e.Message}): start that server, or correct or remove the key.", e);
        }
    }

    (string Host, int Port)? Server(string connectionString)
    {
        try
        {
            var parts = new DbConnectionStringBuilder { ConnectionString = connectionString };
            if (!parts.TryGetValue("Host", out var host) && !parts.TryGetValue("Server", out host)) return null;
            var name = ((string)host).Split(',')[0];
            if (name.StartsWith('/')) return null; // a Unix socket
            if (name.LastIndexOf(':') is var colon and > 0 && int.TryParse(name[(colon + 1)..], out var own)) return (name[..colon], own);
            return (name, parts.TryGetValue("Port", out var port) && int.TryParse((string)port, out var number) ? number : 5432);
        }
        catch (ArgumentException e)
        {
            throw new DistributedApplicationException($"ConnectionStrings:{resource.Name} is not a connection string ({e.Message}): write it as Host=…;Port=…;Database=…;Username=…;Password=….", e);
        }
    }
}
