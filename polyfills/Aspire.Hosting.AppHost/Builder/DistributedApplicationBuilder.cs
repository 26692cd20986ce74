using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Dashboard;
using Aspire.Hosting.Eventing;
using Aspire.Hosting.Running;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Aspire.Hosting;

/// <summary>Describes an application on top of a generic host.</summary>
public class DistributedApplicationBuilder : IDistributedApplicationBuilder
{
    readonly HostApplicationBuilder _host;
    readonly EntryPointHook? _hook = EntryPointHook.Current.Value;

    /// <summary>Describes an application from a command line.</summary>
    public DistributedApplicationBuilder(string[] args) : this(new DistributedApplicationOptions { Args = args })
    {
    }

    /// <summary>Describes an application from options.</summary>
    public DistributedApplicationBuilder(DistributedApplicationOptions options) : this(options, new HostApplicationBuilderSettings())
    {
    }

    internal DistributedApplicationBuilder(DistributedApplicationOptions options, HostApplicationBuilderSettings settings)
    {
        _hook?.Configure(options, settings);
        Options = options;
        AppHostAssembly = options.AssemblyName is { } name ? Assembly.Load(new AssemblyName(name)) : Assembly.GetEntryAssembly();
        AppHostDirectory = options.ProjectDirectory ?? AppHostMetadata.Find(AppHostAssembly, "apphostprojectpath") ?? AppContext.BaseDirectory;

        settings.Args = options.Args;
        settings.ApplicationName ??= AppHostAssembly?.GetName().Name;
        settings.ContentRootPath ??= AppHostDirectory;
        try
        {
            _host = Host.CreateApplicationBuilder(settings);
        }
        catch (Exception e) when (e is InvalidDataException or FormatException)
        {
            throw new DistributedApplicationException($"The AppHost's configuration cannot be read, so correct it: {Failures.Innermost(e)}", e);
        }

        Configuration.AddInMemoryCollection([new("AppHost:Sha256", Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(AppHostDirectory))))]);
        Secrets = options.Testing ? null : UserSecretsFile.Of(AppHostAssembly);

        // Resources' own output is what there is to see; the host's own logging would only repeat it.
        _host.Logging.ClearProviders();
        Services.AddSingleton(Options);
        Services.AddSingleton(ExecutionContext);
        Services.AddSingleton(Eventing);
        Services.AddSingleton(new DistributedApplicationModel(Resources));
        Services.AddSingleton(services => new ResourceNotificationService(
            services.GetRequiredService<DistributedApplicationModel>(), services.GetRequiredService<IHostApplicationLifetime>()));
        Services.AddSingleton(services => new ResourceLoggerService(
            Options, services.GetRequiredService<ILoggerFactory>(), services.GetRequiredService<IHostEnvironment>()));
        Services.AddSingleton(services => new ResourceCommandService(services));
        Services.AddSingleton<Progress>();
        Services.AddSingleton<Orchestrator>();
        if (!options.DisableDashboard) Services.AddSingleton<DashboardServer>();
        Services.TryAddSingleton(TimeProvider.System);
        Services.AddHostedService(services => services.GetRequiredService<Orchestrator>());
        Services.AddHealthChecks();
        Services.Configure<HostOptions>(host => host.ShutdownTimeout = Orchestrator.StopWithin);
    }

    /// <inheritdoc/>
    public Assembly? AppHostAssembly { get; }

    /// <inheritdoc/>
    public string AppHostDirectory { get; }

    /// <inheritdoc/>
    public ConfigurationManager Configuration => _host.Configuration;

    /// <inheritdoc/>
    public IHostEnvironment Environment => _host.Environment;

    /// <inheritdoc/>
    public IDistributedApplicationEventing Eventing { get; } = new DistributedApplicationEventing();

    /// <inheritdoc/>
    public DistributedApplicationExecutionContext ExecutionContext { get; } = new(DistributedApplicationOperation.Run);

    /// <inheritdoc/>
    public IResourceCollection Resources { get; } = new ResourceCollection();

    /// <inheritdoc/>
    public IServiceCollection Services => _host.Services;

    internal DistributedApplicationOptions Options { get; }

    internal UserSecretsFile? Secrets { get; }

    /// <inheritdoc/>
    public IResourceBuilder<T> AddResource<T>(T resource) where T : IResource
    {
        if (Resources.TryGetByName(resource.Name, out var other))
        {
            throw new DistributedApplicationException(
                $"There are two resources named '{resource.Name}' ({other.GetType().Name} and {resource.GetType().Name}): rename one.");
        }

        Resources.Add(resource);
        return CreateResourceBuilder(resource);
    }

    /// <inheritdoc/>
    public IResourceBuilder<T> CreateResourceBuilder<T>(T resource) where T : IResource => new ResourceBuilder<T>(this, resource);

    /// <inheritdoc/>
    public DistributedApplication Build()
    {
        _hook?.WaitToBuild(this);
        var application = new DistributedApplication(_host.Build(), _hook);
        _hook?.Built(application);
        return application;
    }

    sealed class ResourceCollection : List<IResource>, IResourceCollection
    {
        public bool TryGetByName(string name, [NotNullWhen(true)] out IResource? resource)
        {
            resource = Find(candidate => string.Equals(candidate.Name, name, StringComparison.OrdinalIgnoreCase));
            return resource is not null;
        }
    }

    sealed class ResourceBuilder<T>(IDistributedApplicationBuilder builder, T resource) : IResourceBuilder<T> where T : IResource
    {
        public IDistributedApplicationBuilder ApplicationBuilder { get; } = builder;

        public T Resource { get; } = resource;

        public IResourceBuilder<T> WithAnnotation<TAnnotation>(TAnnotation annotation, ResourceAnnotationMutationBehavior behavior)
            where TAnnotation : IResourceAnnotation
        {
            if (behavior == ResourceAnnotationMutationBehavior.Replace)
            {
                foreach (var old in Resource.Annotations.OfType<TAnnotation>().ToArray()) Resource.Annotations.Remove(old);
            }

            Resource.Annotations.Add(annotation);
            return this;
        }
    }
}
