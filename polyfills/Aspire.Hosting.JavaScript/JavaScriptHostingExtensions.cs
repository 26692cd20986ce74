using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.JavaScript;
using Aspire.Hosting.Running;
using Microsoft.Extensions.Hosting;

namespace Aspire.Hosting;

/// <summary>Adds JavaScript apps, whose packages are installed with npm when the lock file has changed.</summary>
public static class JavaScriptHostingExtensions
{
    /// <summary>Adds an app that a script of its package.json starts.</summary>
    public static IResourceBuilder<JavaScriptAppResource> AddJavaScriptApp(
        this IDistributedApplicationBuilder builder, string name, string appDirectory, string runScriptName = "dev") =>
        Add(builder, new JavaScriptAppResource(name, "npm", Folder(builder, appDirectory))).WithRunScript(runScriptName);

    /// <summary>Adds a front end served by Vite's development server, with an http endpoint.</summary>
    public static IResourceBuilder<ViteAppResource> AddViteApp(
        this IDistributedApplicationBuilder builder, string name, string appDirectory, string runScriptName = "dev")
    {
        var app = Add(builder, new ViteAppResource(name, "npm", Folder(builder, appDirectory))).WithHttpEndpoint(env: "PORT").WithRunScript(runScriptName);
        // Strict: the address that others were given is this port, so Vite must not quietly take the next one.
        return app.WithArgs(context =>
        {
            foreach (object argument in (object[])["--", "--port", app.GetEndpoint("http").Property(EndpointProperty.TargetPort), "--strictPort"]) context.Args.Add(argument);
        });
    }

    /// <summary>Adds an app that a script file starts under Node.</summary>
    public static IResourceBuilder<NodeAppResource> AddNodeApp(
        this IDistributedApplicationBuilder builder, string name, string appDirectory, string scriptPath) =>
        Add(builder, new NodeAppResource(name, "node", Folder(builder, appDirectory))).WithArgs(scriptPath);

    /// <summary>Says which script of package.json starts the app.</summary>
    public static IResourceBuilder<TResource> WithRunScript<TResource>(
        this IResourceBuilder<TResource> resource, string scriptName, string[]? args = null) where TResource : JavaScriptAppResource =>
        resource.WithAnnotation(new JavaScriptRunScriptAnnotation(scriptName, args), ResourceAnnotationMutationBehavior.Replace);

    /// <summary>Says whether and how npm installs the app's packages.</summary>
    public static IResourceBuilder<TResource> WithNpm<TResource>(
        this IResourceBuilder<TResource> resource, bool install = true, string? installCommand = null, string[]? installArgs = null)
        where TResource : JavaScriptAppResource => installCommand is null or "ci" or "install"
        ? resource.WithAnnotation(new InstallAnnotation(install, installArgs ?? []), ResourceAnnotationMutationBehavior.Replace)
        : throw new DistributedApplicationException($"'{resource.Resource.Name}' installs with `npm {installCommand}`, which the polyfill does not know: leave installCommand out.");

    static IResourceBuilder<T> Add<T>(IDistributedApplicationBuilder builder, T app) where T : JavaScriptAppResource
    {
        // Before anything has started, and not when the app's turn comes.
        builder.Eventing.Subscribe<BeforeStartEvent>((_, _) => Npm.FindAsync(app.Name));
        return builder.AddResource(app)
            .WithAnnotation(new LaunchAnnotation(context => PrepareAsync(app, context)))
            .WithEnvironment("NODE_ENV", builder.Environment.IsDevelopment() ? "development" : "production");
    }

    static async Task<LaunchPlan> PrepareAsync(JavaScriptAppResource app, LaunchContext context)
    {
        var npm = await Npm.FindAsync(app.Name);
        app.TryGetLastAnnotation<InstallAnnotation>(out var install);
        if (install is not { Install: false } && (app is not NodeAppResource || File.Exists(Path.Combine(app.WorkingDirectory, "package.json"))))
        {
            await Npm.InstallAsync(app.Name, app.WorkingDirectory, install?.Arguments ?? [], context);
        }

        return app.TryGetLastAnnotation<JavaScriptRunScriptAnnotation>(out var script)
            ? new(npm, ["run", script.ScriptName, .. script.Args], app.WorkingDirectory)
            : new(Programs.Find(app.Command)!, [], app.WorkingDirectory);
    }

    static string Folder(IDistributedApplicationBuilder builder, string appDirectory) => Path.GetFullPath(appDirectory, builder.AppHostDirectory);
}
