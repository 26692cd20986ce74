using System.Collections.Concurrent;
using System.Diagnostics;

namespace Lightning.Api.Tests;

/// <summary>
/// The SQL statements of a request, from the driver's diagnostics.
/// </summary>
public sealed class RequestStatements : IDisposable
{
    readonly ConcurrentQueue<string> heard = new();
    readonly ActivityListener listener;
    readonly ActivityTraceId trace = ActivityTraceId.CreateRandom();

    RequestStatements()
    {
        listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "Npgsql",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity =>
            {
                if (
                    activity.TraceId == trace
                    && (activity.GetTagItem("db.query.text") ?? activity.GetTagItem("db.statement")) is string sql
                )
                    heard.Enqueue(sql);
            },
        };
        ActivitySource.AddActivityListener(listener);
    }

    /// <summary>Sends a request and returns its statements.</summary>
    public static async Task<(HttpResponseMessage Answer, IReadOnlyList<string> Statements)> HearAsync(
        HttpClient client,
        HttpRequestMessage request,
        CancellationToken cancellationToken
    )
    {
        using var statements = new RequestStatements();
        request.Headers.Add("traceparent", $"00-{statements.trace}-{ActivitySpanId.CreateRandom()}-01");
        var response = await client.SendAsync(request, cancellationToken);
        return (response, [.. statements.heard]);
    }

    public void Dispose() => listener.Dispose();
}
