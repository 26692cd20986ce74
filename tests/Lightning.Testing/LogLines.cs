using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Lightning.Testing;

/// <summary>Collects a service's log after its own filters, by trace.</summary>
public sealed class LogLines : ILoggerProvider
{
    readonly ConcurrentQueue<(string? TraceId, string Line)> lines = new();

    /// <summary>The lines of a trace.</summary>
    public IReadOnlyList<string> Of(ActivityTraceId trace) =>
        [.. lines.Where(line => line.TraceId == trace.ToHexString()).Select(line => line.Line)];

    /// <summary>All lines, oldest first: level, category, message and, on lines of its own, the exception.</summary>
    public IReadOnlyList<string> All => [.. lines.Select(line => line.Line)];

    public ILogger CreateLogger(string categoryName) => new Log(categoryName, lines);

    public void Dispose() { }

    sealed class Log(string category, ConcurrentQueue<(string? TraceId, string Line)> lines) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        void ILogger.Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter
        ) =>
            lines.Enqueue(
                (Activity.Current?.TraceId.ToHexString(), Line(logLevel, formatter(state, exception), exception))
            );

        string Line(LogLevel logLevel, string message, Exception? exception) =>
            $"{logLevel} {category}: {message}{(exception is null ? "" : $"\n{exception}")}";
    }
}
