using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.AspNetCore.Http;

namespace Lightning.Testing;

/// <summary>Records the requests that services in this process serve, by trace.</summary>
public sealed class RequestSpans : IObserver<DiagnosticListener>, IObserver<KeyValuePair<string, object?>>, IDisposable
{
    const string Span = "Microsoft.AspNetCore.Hosting.HttpRequestIn";
    readonly ConcurrentQueue<(string TraceId, string Path, DateTime Start)> served = [];
    readonly ConcurrentBag<IDisposable> subscriptions = [];

    public RequestSpans() => subscriptions.Add(DiagnosticListener.AllListeners.Subscribe(this));

    /// <summary>
    /// The requested paths of a trace. A span ends after its response is sent, so this waits for the given number.
    /// </summary>
    /// <param name="traceId">The trace.</param>
    /// <param name="count">The number of requests to wait for.</param>
    /// <param name="below">The prefix of the paths to return; null for all.</param>
    public async Task<string[]> PathsOfAsync(string traceId, int count, params string[] below)
    {
        string[] Paths() =>
            [
                .. served
                    .Where(span =>
                        span.TraceId == traceId
                        && (
                            below.Length == 0
                            || below.Any(start => span.Path.StartsWith(start, StringComparison.Ordinal))
                        )
                    )
                    .OrderBy(span => span.Start)
                    .Select(span => span.Path),
            ];
        await Wait.UntilAsync(() => Paths().Length >= count);
        return Paths();
    }

    void IObserver<DiagnosticListener>.OnNext(DiagnosticListener listener)
    {
        if (listener.Name == "Microsoft.AspNetCore")
            subscriptions.Add(listener.Subscribe(this, name => name.StartsWith(Span, StringComparison.Ordinal)));
    }

    void IObserver<KeyValuePair<string, object?>>.OnNext(KeyValuePair<string, object?> happened)
    {
        if (happened is { Key: Span + ".Stop", Value: HttpContext http } && Activity.Current is { } span)
            served.Enqueue((span.TraceId.ToHexString(), http.Request.Path, span.StartTimeUtc));
    }

    public void Dispose()
    {
        foreach (var subscription in subscriptions)
            subscription.Dispose();
    }

    void IObserver<DiagnosticListener>.OnCompleted() { }

    void IObserver<DiagnosticListener>.OnError(Exception error) { }

    void IObserver<KeyValuePair<string, object?>>.OnCompleted() { }

    void IObserver<KeyValuePair<string, object?>>.OnError(Exception error) { }
}
