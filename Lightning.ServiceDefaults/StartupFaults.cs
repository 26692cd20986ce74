using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Options;

namespace Lightning.ServiceDefaults;

/// <summary>A fault of configuration: its message names the key and the remedy, and is all that a person is shown.</summary>
public sealed class ConfigurationException : Exception
{
    /// <summary>A fault described in one sentence.</summary>
    public ConfigurationException(string message) : base(message)
    {
    }

    /// <summary>A fault described in one sentence, with its cause.</summary>
    public ConfigurationException(string message, Exception innerException) : base(message, innerException)
    {
    }
}

/// <summary>Turns a fault of configuration at start into one sentence and exit code 1.</summary>
public static class StartupFaults
{
    static int installed;

    /// <summary>Says an unhandled fault of configuration in one sentence on standard error; other faults keep their stack trace.</summary>
    public static void ExplainThemselves()
    {
        if (Interlocked.Exchange(ref installed, 1) == 1) return;
        AppDomain.CurrentDomain.UnhandledException += (_, unhandled) =>
        {
            if (unhandled.ExceptionObject is not Exception fault || Sentence(fault) is not { } sentence) return;
            Console.Error.WriteLine(sentence);
            Environment.Exit(1);
        };
    }

    /// <summary>The sentence for a fault that a person can mend, or null where the fault is the program's own.</summary>
    public static string? Sentence(Exception fault) => fault switch
    {
        ConfigurationException => fault.Message,
        OptionsValidationException options => string.Join(Environment.NewLine, options.Failures),
        IOException { InnerException: AddressInUseException } =>
            $"{fault.Message.TrimEnd('.')}: stop what uses it, or set ASPNETCORE_URLS to another address.",
        // The binder names the value, its key and the type; it has no exception type of its own.
        InvalidOperationException { Source: "Microsoft.Extensions.Configuration.Binder" } => fault.Message,
        AggregateException { InnerException: { } inner } => Sentence(inner),
        _ => null,
    };
}
