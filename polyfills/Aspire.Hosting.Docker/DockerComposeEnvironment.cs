using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Docker;

namespace Aspire.Hosting.Docker
{
    /// <summary>Where a published application runs: Docker Compose.</summary>
    public class DockerComposeEnvironmentResource(string name) : Resource(name), IComputeEnvironmentResource;
}

namespace Aspire.Hosting
{
    /// <summary>Publishes an application as a file for Docker Compose. A polyfill only runs applications, and never comes here.</summary>
    public static class DockerComposeEnvironmentExtensions
    {
        /// <summary>Adds Docker Compose as a place to publish to.</summary>
        public static IResourceBuilder<DockerComposeEnvironmentResource> AddDockerComposeEnvironment(this IDistributedApplicationBuilder builder, string name) =>
            builder.CreateResourceBuilder(new DockerComposeEnvironmentResource(name));
    }
}
