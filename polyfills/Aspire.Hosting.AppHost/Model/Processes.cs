using System.Text.Json.Serialization;
using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting.ApplicationModel
{
    /// <summary>A program of this machine.</summary>
    public class ExecutableResource : Resource, IResourceWithEnvironment, IResourceWithArgs, IResourceWithEndpoints, IResourceWithWaitSupport, IComputeResource
    {
        /// <summary>Names the program and the folder that it runs in.</summary>
        public ExecutableResource(string name, string command, string workingDirectory) : base(name)
        {
            ArgumentException.ThrowIfNullOrEmpty(command);
            Command = command;
            WorkingDirectory = workingDirectory;
        }

        /// <summary>The program.</summary>
        public string Command { get; }

        /// <summary>The folder that it runs in.</summary>
        public string WorkingDirectory { get; }
    }

    /// <summary>What the real package runs in a container; here a polyfill says what runs instead.</summary>
    public class ContainerResource(string name, string? entrypoint = null)
        : Resource(name), IResourceWithEnvironment, IResourceWithArgs, IResourceWithEndpoints, IResourceWithWaitSupport, IComputeResource
    {
        /// <summary>The program in the container.</summary>
        public string? Entrypoint { get; set; } = entrypoint;
    }

    /// <summary>A .NET project.</summary>
    public class ProjectResource(string name)
        : Resource(name), IResourceWithEnvironment, IResourceWithArgs, IResourceWithServiceDiscovery, IResourceWithWaitSupport, IComputeResource,
          IContainerFilesDestinationResource;

    /// <summary>Finds projects and what is known of them.</summary>
    public static class ProjectResourceExtensions
    {
        /// <summary>Where the project is.</summary>
        public static IProjectMetadata GetProjectMetadata(this ProjectResource projectResource) =>
            projectResource.Annotations.OfType<IProjectMetadata>().Single();

        /// <summary>The projects of the application.</summary>
        public static IEnumerable<ProjectResource> GetProjectResources(this DistributedApplicationModel model) =>
            model.Resources.OfType<ProjectResource>();
    }
}

namespace Aspire.Hosting
{
    /// <summary>A resource that others find by its name.</summary>
    public interface IResourceWithServiceDiscovery : IResourceWithEndpoints;

    /// <summary>A resource whose files another takes in when published.</summary>
    public interface IResourceWithContainerFiles : IResource;

    /// <summary>Where a project is. The AppHost's build makes one class for each project that it references.</summary>
    public interface IProjectMetadata : IResourceAnnotation
    {
        /// <summary>The path of the project file.</summary>
        string ProjectPath { get; }

        /// <summary>Its launch profiles, when they are not those of its launchSettings.json.</summary>
        LaunchSettings? LaunchSettings => null;

        /// <summary>Whether it is not built again when it starts.</summary>
        bool SuppressBuild => false;

        /// <summary>Whether it is a single file.</summary>
        bool IsFileBasedApp => false;
    }

    /// <summary>A launchSettings.json.</summary>
    public sealed class LaunchSettings
    {
        /// <summary>The profiles by their names.</summary>
        [JsonPropertyName("profiles")]
        public Dictionary<string, LaunchProfile> Profiles { get; set; } = [];
    }

    /// <summary>One profile of a launchSettings.json.</summary>
    public sealed class LaunchProfile
    {
        /// <summary>How it is started; <c>Project</c> for a project.</summary>
        [JsonPropertyName("commandName")]
        public string? CommandName { get; set; }

        /// <summary>Arguments.</summary>
        [JsonPropertyName("commandLineArgs")]
        public string? CommandLineArgs { get; set; }

        /// <summary>Where it listens, separated by semicolons.</summary>
        [JsonPropertyName("applicationUrl")]
        public string? ApplicationUrl { get; set; }

        /// <summary>Environment variables.</summary>
        [JsonPropertyName("environmentVariables")]
        public Dictionary<string, string> EnvironmentVariables { get; set; } = [];
    }

    /// <summary>How a project is added.</summary>
    public class ProjectResourceOptions
    {
        /// <summary>The launch profile; none: that of the AppHost's name if there is one, else the first.</summary>
        public string? LaunchProfileName { get; set; }

        /// <summary>Whether no launch profile is used.</summary>
        public bool ExcludeLaunchProfile { get; set; }
    }
}
