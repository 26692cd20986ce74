using System.Collections.Concurrent;
using System.Threading.Channels;
using Aspire.Hosting.Running;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>A line of a resource's log.</summary>
public readonly record struct LogLine(int LineNumber, string Content, bool IsErrorMessage);

/// <summary>What resources write: the last thousand lines of each, and every line from now on.</summary>
public partial class ResourceLoggerService : IDisposable
{
    const int Kept = 1000, Longest = 16 * 1024;
    readonly ConcurrentDictionary<string, Log> _logs = new(StringComparer.OrdinalIgnoreCase);
    readonly Func<string, ILogger>? _forwardTo;
    long _version;

    internal ResourceLoggerService(DistributedApplicationOptions options, ILoggerFactory loggers, IHostEnvironment environment)
    {
        if (options.EnableResourceLogging) _forwardTo = name => loggers.CreateLogger($"{environment.ApplicationName}.Resources.{name}");
    }

    /// <summary>A logger whose records are lines of the resource's log.</summary>
    public ILogger GetLogger(IResource resource) => GetLogger(resource.Name);

    /// <summary>A logger whose records are lines of the resource's log.</summary>
    public ILogger GetLogger(string resourceName) => new LineLogger(this, resourceName);

    /// <summary>The last lines.</summary>
    public IAsyncEnumerable<IReadOnlyList<LogLine>> GetAllAsync(IResource resource) => GetAllAsync(resource.Name);

    /// <summary>The last lines.</summary>
    public async IAsyncEnumerable<IReadOnlyList<LogLine>> GetAllAsync(string resourceName)
    {
        await Task.CompletedTask;
        yield return Of(resourceName).Last(Kept);
    }

    /// <summary>The last lines, and every line from now on.</summary>
    public IAsyncEnumerable<IReadOnlyList<LogLine>> WatchAsync(IResource resource) => WatchAsync(resource.Name);

    /// <summary>The last lines, and every line from now on.</summary>
    public async IAsyncEnumerable<IReadOnlyList<LogLine>> WatchAsync(string resourceName)
    {
        var log = Of(resourceName);
        var (past, reader) = log.Watch();
        try
        {
            if (past.Count > 0) yield return past;
            await foreach (var line in reader.ReadAllAsync()) yield return [line];
        }
        finally
        {
            log.Unwatch(reader);
        }
    }

    /// <summary>Says that a resource will write no more.</summary>
    public void Complete(IResource resource) => Of(resource.Name).Complete();

    /// <summary>Says that nobody will write any more.</summary>
    public void Dispose()
    {
        foreach (var log in _logs.Values) log.Complete();
        GC.SuppressFinalize(this);
    }

    /// <summary>Grows with every line.</summary>
    internal long Version => Volatile.Read(ref _version);

    internal void Append(Instance instance, OutputLine line)
    {
        Of(instance.Id).Append(line);
        if (instance.Count > 1) Of(instance.Resource.Name).Append(line with { Text = $"[{instance.Id}] {line.Text}" });
        Interlocked.Increment(ref _version);
        if (_forwardTo?.Invoke(instance.Id) is { } logger) Line(logger, line.Text);
    }

    /// <summary>The last lines, without the colours that they may have been written in.</summary>
    internal IReadOnlyList<OutputLine> Last(string id, int count) =>
        [.. Of(id).Last(count).Select(line => new OutputLine(Colours.Strip(line.Content), line.IsErrorMessage))];

    internal IReadOnlyList<LogLine> Lines(string id) => Of(id).Last(Kept);

    void AppendOwn(string name, OutputLine line)
    {
        Of(name).Append(line);
        Interlocked.Increment(ref _version);
    }

    Log Of(string name) => _logs.GetOrAdd(name, _ => new Log());

    [LoggerMessage(Level = LogLevel.Information, Message = "{Line}")]
    private static partial void Line(ILogger logger, string line);

    sealed class Log
    {
        readonly Lock _lock = new();
        readonly Queue<LogLine> _lines = [];
        readonly List<Channel<LogLine>> _watchers = [];
        int _number;
        bool _complete;

        public void Append(OutputLine text)
        {
            lock (_lock)
            {
                var line = new LogLine(++_number, text.Text.Length <= Longest ? text.Text : $"{text.Text.AsSpan(0, Longest)} …", text.IsError);
                _lines.Enqueue(line);
                if (_lines.Count > Kept) _lines.Dequeue();
                foreach (var watcher in _watchers) watcher.Writer.TryWrite(line);
            }
        }

        public IReadOnlyList<LogLine> Last(int count)
        {
            lock (_lock) return [.. _lines.TakeLast(count)];
        }

        public (IReadOnlyList<LogLine> Past, ChannelReader<LogLine> Reader) Watch()
        {
            // A watcher that does not keep up loses lines; the resource is never held up.
            var channel = Channel.CreateBounded<LogLine>(new BoundedChannelOptions(Kept) { FullMode = BoundedChannelFullMode.DropOldest });
            lock (_lock)
            {
                if (_complete) channel.Writer.Complete();
                else _watchers.Add(channel);
                return ([.. _lines], channel.Reader);
            }
        }

        public void Unwatch(ChannelReader<LogLine> reader)
        {
            lock (_lock) _watchers.RemoveAll(watcher => watcher.Reader == reader);
        }

        public void Complete()
        {
            lock (_lock)
            {
                _complete = true;
                foreach (var watcher in _watchers) watcher.Writer.TryComplete();
            }
        }
    }

    sealed class LineLogger(ResourceLoggerService service, string name) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            service.AppendOwn(name, new(formatter(state, exception), logLevel >= LogLevel.Error));
    }
}
