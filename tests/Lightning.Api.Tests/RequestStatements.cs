using System.Collections.Concurrent;
using System.Diagnostics;

namespace Lightning.Api.Tests;

/// <summary>What a request asks of the database, statement by statement, whoever asks: read from the driver's own trace.</summary>
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
                if (activity.TraceId == trace && (activity.GetTagItem("db.query.text") ?? activity.GetTagItem("db.statement")) is string sql) heard.Enqueue(sql);
            },
        };
        ActivitySource.AddActivityListener(listener);
    }

    /// <summary>Sends a request and hears what it asks.</summary>
    public static async Task<(HttpResponseMessage Answer, IReadOnlyList<string> Statements)> HearAsync(HttpClient client, HttpRequestMessage request, CancellationToken cancellationToken)
    {
        using var statements = new RequestStatements();
        request.Headers.Add("traceparent", $"00-{statements.trace}-{ActivitySpanId.CreateRandom()}-01");
        var answer = await client.SendAsync(request, cancellationToken);
        return (answer, [.. statements.heard]);
    }

    public void Dispose() => listener.Dispose();
}
