using System.Reflection;
using Aspire.Hosting.Lifecycle;
using Lightning.AppHost.Startup;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Aspire.Hosting;

/// <summary>Reports the progress of the start and ends it if it fails.</summary>
public static class StartupExtensions
{
    /// <summary>
    /// Adds the checks before the start and the monitor. Not for tests that run the AppHost in their own process: they
    /// wait for resources themselves.
    /// </summary>
    public static void AddStartupMonitor(this IDistributedApplicationBuilder builder)
    {
        if (!builder.ExecutionContext.IsRunMode || Assembly.GetEntryAssembly() != builder.AppHostAssembly)
            return;
        AppDomain.CurrentDomain.UnhandledException += (_, unhandled) =>
            ExitWithMessage((Exception)unhandled.ExceptionObject);
        // The monitor or the unhandled exception reports the same errors.
        builder.Services.AddLogging(logging =>
            logging
                .AddFilter("Aspire.Hosting", LogLevel.Error)
                .AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None)
                .AddFilter("Microsoft.AspNetCore.DataProtection", LogLevel.Error)
        );
        builder.Services.AddSingleton<StartupConsole>();
        builder.Services.AddEventingSubscriber<StartupChecks>();
        builder.Services.AddEventingSubscriber<StartupMonitor>();
    }

    /// <summary>Sets the fix that is printed if the resource fails.</summary>
    /// <param name="builder">The resource.</param>
    /// <param name="remedy">The end of a sentence, without the period.</param>
    public static IResourceBuilder<T> WithRemedy<T>(this IResourceBuilder<T> builder, string remedy)
        where T : IResource =>
        builder.WithAnnotation(new RemedyAnnotation(remedy), ResourceAnnotationMutationBehavior.Replace);

    /// <summary>
    /// Prints errors that the user can fix as one sentence. Other exceptions keep their stack trace.
    /// </summary>
    static void ExitWithMessage(Exception exception)
    {
        while (exception is AggregateException { InnerException: { } inner })
            exception = inner;
        // The monitor has ended the start and printed the reason.
        if (exception is OperationCanceledException && Environment.ExitCode != 0)
            Environment.Exit(Environment.ExitCode);
        if (exception is not DistributedApplicationException)
            return;
        Console.Error.WriteLine($"error: {exception.Message}");
        Environment.Exit(1);
    }
}
