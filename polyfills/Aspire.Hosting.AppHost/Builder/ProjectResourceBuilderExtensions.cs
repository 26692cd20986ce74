using System.Net.Sockets;
using System.Text.Json;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Running;
using Microsoft.Extensions.Configuration;

namespace Aspire.Hosting;

/// <summary>Adds .NET projects.</summary>
public static class ProjectResourceBuilderExtensions
{
    static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web)
    {
        AllowTrailingCommas = true,
        ReadCommentHandling = JsonCommentHandling.Skip
    };

    /// <summary>Adds a project that the AppHost references.</summary>
    public static IResourceBuilder<ProjectResource> AddProject<TProject>(this IDistributedApplicationBuilder builder, string name)
        where TProject : IProjectMetadata, new() => Add(builder, name, new TProject(), new ProjectResourceOptions());

    /// <summary>Adds a project that the AppHost references, with one of its launch profiles; null: with none.</summary>
    public static IResourceBuilder<ProjectResource> AddProject<TProject>(
        this IDistributedApplicationBuilder builder, string name, string? launchProfileName)
        where TProject : IProjectMetadata, new() => Add(builder, name, new TProject(), Profile(launchProfileName));

    /// <summary>Adds a project that the AppHost references.</summary>
    public static IResourceBuilder<ProjectResource> AddProject<TProject>(
        this IDistributedApplicationBuilder builder, string name, Action<ProjectResourceOptions> configure)
        where TProject : IProjectMetadata, new()
    {
        var options = new ProjectResourceOptions();
        configure(options);
        return Add(builder, name, new TProject(), options);
    }

    /// <summary>Says how many processes of the project run. More than one stand behind one address, connection by connection in turn.</summary>
    public static IResourceBuilder<ProjectResource> WithReplicas(this IResourceBuilder<ProjectResource> builder, int replicas) => replicas > 0
        ? builder.WithAnnotation(new ReplicaAnnotation(replicas), ResourceAnnotationMutationBehavior.Replace)
        : throw new DistributedApplicationException($"WithReplicas({replicas}) on '{builder.Resource.Name}': a project runs at least once, so say 1 or more.");

    static ProjectResourceOptions Profile(string? name) => new() { LaunchProfileName = name, ExcludeLaunchProfile = name is null };

    static IResourceBuilder<ProjectResource> Add(
        IDistributedApplicationBuilder builder, string name, IProjectMetadata project, ProjectResourceOptions options)
    {
        var resource = builder.AddResource(new ProjectResource(name)).WithAnnotation(project);
        resource.WithAnnotation(new LaunchAnnotation(_ => Task.FromResult(ProjectLaunch.Of(builder.AppHostAssembly, resource.Resource))));

        // The launch profile, which comes after, may say otherwise.
        resource.WithEnvironment("DOTNET_ENVIRONMENT", builder.Environment.EnvironmentName)
            .WithEnvironment("ASPNETCORE_ENVIRONMENT", builder.Environment.EnvironmentName)
            .WithEnvironment("OTEL_SERVICE_NAME", name)
            .WithEnvironment("DOTNET_SYSTEM_CONSOLE_ALLOW_ANSI_COLOR_REDIRECTION", "true");

        // Telemetry goes where the AppHost is told to send it: to the dashboard unless configuration says otherwise.
        resource.WithEnvironment(context =>
        {
            foreach (var (key, value) in builder.Configuration.AsEnumerable().Where(pair => pair.Key.StartsWith("OTEL_", StringComparison.Ordinal)))
            {
                if (value is not null && key != "OTEL_SERVICE_NAME") context.EnvironmentVariables[key] = value; // its name is each one's own
            }

            var attributes = builder.Configuration["OTEL_RESOURCE_ATTRIBUTES"];
            context.EnvironmentVariables["OTEL_RESOURCE_ATTRIBUTES"] = $"{(string.IsNullOrEmpty(attributes) ? "" : $"{attributes},")}service.instance.id={context.Instance.Id}";
        });

        if (!options.ExcludeLaunchProfile && Find(builder, name, project, options) is { } profile) Apply(resource, project, profile);
        resource.WithEnvironment(context =>
        {
            var addresses = resource.Resource.Annotations.OfType<EndpointAnnotation>()
                .Where(endpoint => endpoint.UriScheme is "http" or "https")
                .Select(context.Instance.UrlOf);
            var urls = string.Join(';', addresses);
            if (urls.Length > 0) context.EnvironmentVariables["ASPNETCORE_URLS"] = urls;
        });
        return resource;
    }

    static void Apply(IResourceBuilder<ProjectResource> resource, IProjectMetadata project, LaunchProfile profile)
    {
        foreach (var (key, value) in profile.EnvironmentVariables) resource.WithEnvironment(key, value);
        foreach (var address in (profile.ApplicationUrl ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (!Uri.TryCreate(address, UriKind.Absolute, out var url))
            {
                throw new DistributedApplicationException($"applicationUrl in {SettingsPath(project)} has '{address}', which is no address: write one such as http://localhost:5100.");
            }

            resource.WithAnnotation(new EndpointAnnotation(ProtocolType.Tcp, url.Scheme, port: url.Port)
            {
                TargetHost = url.Host,
                PortSource = $"applicationUrl in {SettingsPath(project)}"
            });
        }
    }

    static LaunchProfile? Find(IDistributedApplicationBuilder builder, string name, IProjectMetadata project, ProjectResourceOptions options)
    {
        var profiles = (project.LaunchSettings ?? Read(SettingsPath(project)))?.Profiles
            .Where(profile => profile.Value.CommandName is null or "Project")
            .ToDictionary(StringComparer.OrdinalIgnoreCase);
        if (options.LaunchProfileName is { } wanted)
        {
            return profiles?.GetValueOrDefault(wanted) ?? throw new DistributedApplicationException(
                $"'{name}' asks for launch profile '{wanted}', which {SettingsPath(project)} does not have: add it there, or name another.");
        }

        var own = builder.Configuration["DOTNET_LAUNCH_PROFILE"];
        return own is not null && profiles?.GetValueOrDefault(own) is { } same ? same : profiles?.Values.FirstOrDefault();
    }

    static LaunchSettings? Read(string path)
    {
        if (!File.Exists(path)) return null;
        try
        {
            return JsonSerializer.Deserialize<LaunchSettings>(File.ReadAllText(path), s_json);
        }
        catch (JsonException e)
        {
            throw new DistributedApplicationException($"{path} is not valid JSON, so correct it: {e.Message}", e);
        }
    }

    static string SettingsPath(IProjectMetadata project) =>
        Path.Combine(Path.GetDirectoryName(project.ProjectPath)!, "Properties", "launchSettings.json");
}
