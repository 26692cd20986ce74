using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Options;

namespace Lightning.ServiceDefaults;

/// <summary>
/// Invalid configuration. The message names the key and the fix, and is all that is printed at start.
/// </summary>
public sealed class ConfigurationException : Exception
{
    /// <summary>Creates the exception.</summary>
    public ConfigurationException(string message)
        : base(message) { }

    /// <summary>Creates the exception with its cause.</summary>
    public ConfigurationException(string message, Exception innerException)
        : base(message, innerException) { }
}

/// <summary>Reports configuration errors at start as one line, without a stack trace.</summary>
public static class StartupErrors
{
    static int installed;

    /// <summary>
    /// Writes an unhandled configuration error to standard error and exits with code 1. Other unhandled exceptions are
    /// left to the runtime.
    /// </summary>
    public static void InstallHandler()
    {
        if (Interlocked.Exchange(ref installed, 1) == 1)
            return;
        AppDomain.CurrentDomain.UnhandledException += (_, unhandled) =>
        {
            if (unhandled.ExceptionObject is not Exception ex || Describe(ex) is not { } message)
                return;
            Console.Error.WriteLine(message);
            Environment.Exit(1);
        };
    }

    /// <summary>The message for an error that the operator can fix; null for any other exception.</summary>
    public static string? Describe(Exception ex) =>
        ex switch
        {
            ConfigurationException => ex.Message,
            OptionsValidationException options => string.Join(Environment.NewLine, options.Failures),
            IOException { InnerException: AddressInUseException } =>
                $"{ex.Message.TrimEnd('.')}: stop what uses it, or set ASPNETCORE_URLS to another address.",
            // The message names the value, its key and the type; the binder has no exception type of its own.
            InvalidOperationException { Source: "Microsoft.Extensions.Configuration.Binder" } => ex.Message,
            AggregateException { InnerException: { } inner } => Describe(inner),
            _ => null,
        };
}
