using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Hosting;

namespace Aspire.Hosting;

/// <summary>
/// Adds apps that are started by an npm script. Aspire.Hosting.JavaScript is not available on every feed.
/// </summary>
public static class NpmExtensions
{
    const int OldestNode = 20;

    /// <summary>Adds an app. <c>npm ci</c> runs first if the lock file is newer than the installed packages.</summary>
    /// <param name="builder">The application.</param>
    /// <param name="name">The resource's name. The installation has the suffix <c>-packages</c>.</param>
    /// <param name="folder">The folder of package.json, relative to the AppHost's folder.</param>
    /// <param name="script">The script of package.json.</param>
    public static IResourceBuilder<ExecutableResource> AddNpmApp(
        this IDistributedApplicationBuilder builder,
        [ResourceName] string name,
        string folder,
        string script
    )
    {
        var path = Path.GetFullPath(folder, builder.AppHostDirectory);
        var app = builder
            .AddExecutable(name, "npm", path, "run", script)
            .WithEnvironment("NODE_ENV", builder.Environment.IsDevelopment() ? "development" : "production");
        if (!builder.ExecutionContext.IsRunMode)
            return app;
        builder.Eventing.Subscribe<BeforeStartEvent>(
            (_, cancellationToken) => RequireNodeAsync(name, cancellationToken)
        );
        if (AreInstalled(path))
            return app;
        var packages = builder
            .AddExecutable($"{name}-packages", "npm", path, "ci", "--no-audit", "--no-fund")
            .WithRemedy("the first start needs the npm registry; behind a proxy set HTTPS_PROXY");
        return app.WaitForCompletion(packages);
    }

    /// <summary>Whether the packages are installed: npm writes node_modules/.package-lock.json last.</summary>
    static bool AreInstalled(string folder)
    {
        var installed = new FileInfo(Path.Combine(folder, "node_modules", ".package-lock.json"));
        return installed.Exists
            && installed.LastWriteTimeUtc >= File.GetLastWriteTimeUtc(Path.Combine(folder, "package-lock.json"));
    }

    static async Task RequireNodeAsync(string name, CancellationToken cancellationToken)
    {
        var remedy = $"install Node.js {OldestNode} or newer, with npm, and put it on the PATH";
        try
        {
            using var node = Process.Start(
                new ProcessStartInfo("node", "--version") { RedirectStandardOutput = true }
            )!;
            var version = (await node.StandardOutput.ReadToEndAsync(cancellationToken)).Trim();
            var isNumber = int.TryParse(
                version.TrimStart('v').Split('.')[0],
                CultureInfo.InvariantCulture,
                out var major
            );
            if (!isNumber || major < OldestNode)
                throw new DistributedApplicationException(
                    $"'{name}' needs Node.js {OldestNode} or newer, and node is {version}: {remedy}."
                );
            using var npm = Process.Start(new ProcessStartInfo("npm", "--version") { RedirectStandardOutput = true })!;
            await npm.StandardOutput.ReadToEndAsync(cancellationToken);
        }
        catch (Win32Exception ex)
        {
            throw new DistributedApplicationException(
                $"'{name}' needs Node.js with npm, and it cannot be started: {remedy}.",
                ex
            );
        }
    }
}
