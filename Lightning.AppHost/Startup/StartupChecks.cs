using System.Net;
using System.Net.Sockets;
using Aspire.Hosting.Eventing;
using Aspire.Hosting.Lifecycle;
using Microsoft.Extensions.Configuration;

namespace Lightning.AppHost.Startup;

/// <summary>
/// Checks that all fixed ports are free before the start: the orchestrator would wait forever for one that is not.
/// </summary>
sealed class StartupChecks(IConfiguration configuration) : IDistributedApplicationEventingSubscriber
{
    public Task SubscribeAsync(
        IDistributedApplicationEventing eventing,
        DistributedApplicationExecutionContext context,
        CancellationToken cancellationToken
    )
    {
        eventing.Subscribe<BeforeStartEvent>(
            (starting, _) =>
            {
                foreach (var resource in starting.Model.Resources)
                    CheckPorts(resource);
                return Task.CompletedTask;
            }
        );
        return Task.CompletedTask;
    }

    void CheckPorts(IResource resource)
    {
        var isRandom = configuration.GetValue<bool>("DcpPublisher:RandomizePorts");
        foreach (var endpoint in resource.Annotations.OfType<EndpointAnnotation>())
        {
            if (endpoint.Port is not { } port || (isRandom && endpoint.IsProxied) || IsFree(port))
                continue;
            throw new DistributedApplicationException(
                $"Port {port}, which '{resource.Name}' uses ({Source(resource)}), is in use: "
                    + "stop the program that listens there, or use other ports with "
                    + "`dotnet run --project Lightning.AppHost -- --ports auto`."
            );
        }
    }

    static string Source(IResource resource) =>
        resource switch
        {
            ProjectResource project =>
                $"applicationUrl in {Path.GetDirectoryName(project.GetProjectMetadata().ProjectPath)}"
                    + "/Properties/launchSettings.json",
            { Name: "aspire-dashboard" } => "the URLs in Lightning.AppHost/Properties/launchSettings.json",
            _ => "Lightning.AppHost/AppHost.cs",
        };

    static bool IsFree(int port)
    {
        foreach (var address in new[] { IPAddress.Loopback, IPAddress.IPv6Loopback })
        {
            using var listener = new TcpListener(address, port);
            try
            {
                listener.Start();
            }
            catch (SocketException ex)
                when (ex.SocketErrorCode is SocketError.AddressAlreadyInUse or SocketError.AccessDenied)
            {
                return false;
            }
            catch (SocketException ex)
                when (ex.SocketErrorCode is SocketError.AddressNotAvailable or SocketError.AddressFamilyNotSupported)
            {
                // The machine does not have this address, so nothing listens on it.
            }
        }
        return true;
    }
}
