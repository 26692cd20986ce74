using System.Reflection;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Lifecycle;
using Lightning.AppHost.Startup;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Aspire.Hosting;

/// <summary>Makes a start say what it does, and end when it cannot succeed.</summary>
public static class StartupExtensions
{
    /// <summary>
    /// Adds the checks before a start and the monitor during it. A test that runs the AppHost in its own process
    /// waits for resources itself.
    /// </summary>
    public static void AddStartupMonitor(this IDistributedApplicationBuilder builder)
    {
        if (!builder.ExecutionContext.IsRunMode || Assembly.GetEntryAssembly() != builder.AppHostAssembly) return;
        AppDomain.CurrentDomain.UnhandledException +=
            (_, unhandled) => ExitWithSentence((Exception)unhandled.ExceptionObject);
        // The monitor prints what these would.
        builder.Services.AddLogging(logging => logging
            .AddFilter("Aspire.Hosting", LogLevel.Error)
            .AddFilter("Microsoft.AspNetCore.DataProtection", LogLevel.Error));
        builder.Services.AddSingleton<StartupConsole>();
        builder.Services.AddEventingSubscriber<StartupChecks>();
        builder.Services.AddEventingSubscriber<StartupMonitor>();
    }

    /// <summary>Says what to do when the resource fails.</summary>
    /// <param name="builder">The resource.</param>
    /// <param name="remedy">The end of a sentence, without its full stop.</param>
    public static IResourceBuilder<T> WithRemedy<T>(this IResourceBuilder<T> builder, string remedy)
        where T : IResource =>
        builder.WithAnnotation(new RemedyAnnotation(remedy), ResourceAnnotationMutationBehavior.Replace);

    /// <summary>
    /// A fault that a person can mend ends the process with its sentence; others keep their stack trace.
    /// </summary>
    static void ExitWithSentence(Exception exception)
    {
        while (exception is AggregateException { InnerException: { } inner }) exception = inner;
        // The start was ended by the monitor, which has said why.
        if (exception is OperationCanceledException && Environment.ExitCode != 0)
            Environment.Exit(Environment.ExitCode);
        if (exception is not DistributedApplicationException) return;
        Console.Error.WriteLine($"error: {exception.Message}");
        Environment.Exit(1);
    }
}
