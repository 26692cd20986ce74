using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Lightning.Identity.Tests;

/// <summary>A logger that collects named events with their properties.</summary>
public sealed class EventLog
    : ConcurrentQueue<(string Name, IReadOnlyDictionary<string, object?> Parts, string Text)>,
        ILoggerProvider,
        ILogger
{
    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel,
        EventId eventId,
        TState state,
        Exception? exception,
        Func<TState, Exception?, string> formatter
    )
    {
        if (eventId.Name is { } name && state is IEnumerable<KeyValuePair<string, object?>> parts)
            Enqueue((name, parts.ToDictionary(StringComparer.Ordinal), formatter(state, exception)));
    }

    public void Dispose() { }
}
