using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.AspNetCore.Http;

namespace Lightning.Testing;

/// <summary>Which requests the services in this process have served while it listens, and in which traces.</summary>
public sealed class RequestSpans : IObserver<DiagnosticListener>, IObserver<KeyValuePair<string, object?>>, IDisposable
{
    const string Span = "Microsoft.AspNetCore.Hosting.HttpRequestIn";
    readonly ConcurrentQueue<(string TraceId, string Path, DateTime Start)> served = [];
    readonly ConcurrentBag<IDisposable> subscriptions = [];

    public RequestSpans() => subscriptions.Add(DiagnosticListener.AllListeners.Subscribe(this));

    /// <summary>Which paths were asked for within a trace; a span ends a moment after its answer is there, so so many are waited for.</summary>
    /// <param name="traceId">The trace.</param>
    /// <param name="count">How many to wait for.</param>
    /// <param name="below">With what a path has to begin, where not all are of interest.</param>
    public async Task<string[]> PathsOfAsync(string traceId, int count, params string[] below)
    {
        string[] Paths() => [.. served.Where(span => span.TraceId == traceId && (below.Length == 0 || below.Any(start => span.Path.StartsWith(start, StringComparison.Ordinal)))).OrderBy(span => span.Start).Select(span => span.Path)];
        await Wait.UntilAsync(() => Paths().Length >= count);
        return Paths();
    }

    void IObserver<DiagnosticListener>.OnNext(DiagnosticListener listener)
    {
        if (listener.Name == "Microsoft.AspNetCore") subscriptions.Add(listener.Subscribe(this, name => name.StartsWith(Span, StringComparison.Ordinal)));
    }

    void IObserver<KeyValuePair<string, object?>>.OnNext(KeyValuePair<string, object?> happened)
    {
        if (happened is { Key: Span + ".Stop", Value: HttpContext http } && Activity.Current is { } span) served.Enqueue((span.TraceId.ToHexString(), http.Request.Path, span.StartTimeUtc));
    }

    public void Dispose()
    {
        foreach (var subscription in subscriptions) subscription.Dispose();
    }

    void IObserver<DiagnosticListener>.OnCompleted()
    {
    }

    void IObserver<DiagnosticListener>.OnError(Exception error)
    {
    }

    void IObserver<KeyValuePair<string, object?>>.OnCompleted()
    {
    }

    void IObserver<KeyValuePair<string, object?>>.OnError(Exception error)
    {
    }
}
