using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;
using Lightning.Testing;

namespace Lightning.AppHost.Tests;

/// <summary>The small AppHost as a process of its own.</summary>
static class SmallApp
{
    static readonly string s_configuration = typeof(SmallApp).Assembly.GetCustomAttribute<AssemblyConfigurationAttribute>()!.Configuration;

    /// <param name="args">Its command line.</param>
    /// <param name="prepare">Puts something into its home, or changes its environment.</param>
    /// <param name="underDotnetRun">Whether `dotnet run` starts it.</param>
    public static AppHostProcess Start(string[] args, Action<DirectoryInfo, IDictionary<string, string?>>? prepare = null, bool underDotnetRun = false)
    {
        var home = Directory.CreateTempSubdirectory("lightning-home-");
        var root = Path.GetFullPath("../../..", RuntimeEnvironment.GetRuntimeDirectory());
        if (underDotnetRun) args = ["run", "--no-build", "--configuration", s_configuration, "--project", Projects.SmallAppHost.ProjectPath, "--", .. args];
        var start = new ProcessStartInfo(underDotnetRun ? Path.Combine(root, "dotnet") : Path.Combine(AppContext.BaseDirectory, "SmallAppHost"), args) { WorkingDirectory = home.FullName };
        start.Environment["DOTNET_ROOT"] = root;
        prepare?.Invoke(home, start.Environment);
        return AppHostProcess.Start(start, home.FullName, isTemporary: true);
    }
}
