using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Kubernetes;

namespace Aspire.Hosting.Kubernetes
{
    /// <summary>Where a published application runs: a Kubernetes cluster.</summary>
    public sealed class KubernetesEnvironmentResource(string name) : Resource(name), IComputeEnvironmentResource;
}

namespace Aspire.Hosting
{
    /// <summary>Publishes an application as a chart for a Kubernetes cluster. A polyfill only runs applications, and never comes here.</summary>
    public static class KubernetesEnvironmentExtensions
    {
        /// <summary>Adds a cluster as a place to publish to.</summary>
        public static IResourceBuilder<KubernetesEnvironmentResource> AddKubernetesEnvironment(this IDistributedApplicationBuilder builder, string name) =>
            builder.CreateResourceBuilder(new KubernetesEnvironmentResource(name));
    }
}
