using System.Collections.Concurrent;
using System.Net;
using Google.Protobuf;
using Lightning.Testing;

namespace Lightning.EndToEnd;

/// <summary>
/// A span: its service, its source, its trace and its string attributes.
/// </summary>
public sealed record SentSpan(
    string Service,
    string Source,
    string TraceId,
    string Name,
    IReadOnlyDictionary<string, string> Attributes
);

/// <summary>A line that a service logged at Warning or above.</summary>
public sealed record LoggedWarning(string Service, string Category, string Level, string Text, string TraceId);

/// <summary>
/// An OTLP/HTTP collector that stores traces, logs and metrics for tests, and forwards them to the dashboard.
/// </summary>
public sealed class TraceCollector : IAsyncDisposable
{
    static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(200);
    static readonly TimeSpan WaitTimeout = TimeSpan.FromMinutes(1);
    readonly HttpListener listener = new();
    readonly ConcurrentDictionary<string, ConcurrentQueue<SentSpan>> traces = new(StringComparer.Ordinal);
    readonly ConcurrentQueue<LoggedWarning> warnings = [];
    readonly HttpClient dashboard = new();
    readonly ConcurrentQueue<(string Signal, byte[] Body)> received = [];
    readonly Task receiving;

    public TraceCollector()
    {
        Address = $"http://127.0.0.1:{Ports.Free()}";
        listener.Prefixes.Add(Address + "/");
        listener.Start();
        receiving = ReceiveAsync();
    }

    public string Address { get; }

    /// <summary>
    /// The trace of a request for a path in a service, once it includes an SQL statement of the API.
    /// </summary>
    public async Task<string> WaitForTraceAsync(string service, string path, CancellationToken cancellationToken)
    {
        using var poll = new PeriodicTimer(PollInterval);
        for (var deadline = DateTime.UtcNow + WaitTimeout; ; )
        {
            // A request that the page has aborted and repeated has no statement.
            if (traces.Values.FirstOrDefault(trace => trace.Any(IsRequest) && trace.Any(IsStatement)) is { } found)
                return found.First().TraceId;
            if (DateTime.UtcNow > deadline)
                throw new TimeoutException($"There is no trace of {path} in {service}.");
            await poll.WaitForNextTickAsync(cancellationToken);
        }

        bool IsRequest(SentSpan span) =>
            span.Service == service
            && span.Source == "Microsoft.AspNetCore"
            && span.Attributes.GetValueOrDefault("url.path") == path;

        static bool IsStatement(SentSpan span) =>
            span is { Service: "api", Source: "Npgsql" } && span.Attributes.ContainsKey("db.query.text");
    }

    /// <summary>The spans with a text in an attribute: service, source, name and the attribute.</summary>
    public IEnumerable<string> SpansWith(string text) =>
        from span in traces.Values.SelectMany(trace => trace)
        from attribute in span.Attributes
        where attribute.Value.Contains(text, StringComparison.Ordinal)
        select $"{span.Service} {span.Source} {span.Name} {attribute.Key}={attribute.Value}";

    /// <summary>The lines logged at Warning or above so far.</summary>
    public IReadOnlyCollection<LoggedWarning> Warnings => warnings;

    /// <summary>Starts forwarding to the dashboard.</summary>
    public void ForwardTo(Uri address) => dashboard.BaseAddress = address;

    /// <summary>A redirect URI for the public client.</summary>
    public string RedirectUri => $"{Address}/callback";

    /// <summary>Which signals (<c>/v1/logs</c>, <c>/v1/traces</c>, <c>/v1/metrics</c>) hold a text so far.</summary>
    public IReadOnlySet<string> SignalsWith(string text)
    {
        var bytes = System.Text.Encoding.UTF8.GetBytes(text);
        return received
            .Where(sent => sent.Body.AsSpan().IndexOf(bytes) >= 0)
            .Select(sent => sent.Signal)
            .ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>The spans of a trace, once there is one that satisfies the condition.</summary>
    public async Task<IReadOnlyCollection<SentSpan>> WaitAsync(
        string traceId,
        Func<IReadOnlyCollection<SentSpan>, bool> condition,
        CancellationToken cancellationToken
    )
    {
        using var poll = new PeriodicTimer(PollInterval);
        for (var deadline = DateTime.UtcNow + WaitTimeout; ; )
        {
            SentSpan[] found = traces.TryGetValue(traceId, out var trace) ? [.. trace] : [];
            if (condition(found) || DateTime.UtcNow > deadline)
                return found;
            await poll.WaitForNextTickAsync(cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        listener.Close();
        await receiving;
        dashboard.Dispose();
    }

    async Task ReceiveAsync()
    {
        while (true)
        {
            HttpListenerContext context;
            try
            {
                context = await listener.GetContextAsync();
            }
            catch (Exception closed) when (closed is HttpListenerException or ObjectDisposedException)
            {
                return;
            }
            using var body = new MemoryStream();
            await context.Request.InputStream.CopyToAsync(body);
            received.Enqueue((context.Request.Url!.AbsolutePath, body.ToArray()));
            if (context.Request.Url!.AbsolutePath == "/v1/traces")
                ReadSpans(body.ToArray());
            if (context.Request.Url!.AbsolutePath == "/v1/logs")
                ReadWarnings(body.ToArray());
            if (dashboard.BaseAddress is not null)
                await ForwardAsync(context.Request, body.ToArray());
            context.Response.Close();
        }
    }

    async Task ForwardAsync(HttpListenerRequest received, byte[] body)
    {
        using var request = new HttpRequestMessage(new HttpMethod(received.HttpMethod), received.Url!.AbsolutePath)
        {
            Content = new ByteArrayContent(body),
        };
        request.Content.Headers.TryAddWithoutValidation("Content-Type", received.ContentType);
        request.Headers.TryAddWithoutValidation("x-otlp-api-key", received.Headers["x-otlp-api-key"]);
        try
        {
            using var response = await dashboard.SendAsync(request);
        }
        catch (HttpRequestException)
        {
            // The dashboard stops before the services.
        }
    }

    /// <summary>Field numbers are those of opentelemetry/proto/logs/v1/logs.proto; severity 13 is Warning.</summary>
    void ReadWarnings(byte[] request)
    {
        foreach (var resourceLogs in Messages(request, 1))
        foreach (var scopeLogs in Messages(resourceLogs, 2))
        foreach (var record in Messages(scopeLogs, 2).Where(record => Number(record, 2) >= 13))
        {
            var category = Text(Messages(scopeLogs, 1).Single(), 1);
            var text = string.Concat(Messages(record, 5).Select(body => Text(body, 1)));
            var exception = Attributes(record, 6).GetValueOrDefault("exception.stacktrace") is { } trace
                ? $" {trace}"
                : "";
            var traceId = Messages(record, 9) is [var id] ? Convert.ToHexStringLower(id) : "";
            warnings.Enqueue(
                new LoggedWarning(ServiceName(resourceLogs), category, Text(record, 3), text + exception, traceId)
            );
        }
    }

    static string ServiceName(byte[] resourceSpansOrLogs) =>
        Messages(resourceSpansOrLogs, 1)
            .SelectMany(resource => Messages(resource, 1))
            .Where(attribute => Text(attribute, 1) == "service.name")
            .Select(attribute => Text(Messages(attribute, 2).Single(), 1))
            .FirstOrDefault("");

    /// <summary>Field numbers are those of opentelemetry/proto/trace/v1/trace.proto.</summary>
    void ReadSpans(byte[] request)
    {
        foreach (var resourceSpans in Messages(request, 1))
        foreach (var scopeSpans in Messages(resourceSpans, 2))
        foreach (var span in Messages(scopeSpans, 2))
        {
            var source = Text(Messages(scopeSpans, 1).Single(), 1);
            var traceId = Convert.ToHexStringLower(Messages(span, 1).Single());
            traces
                .GetOrAdd(traceId, _ => [])
                .Enqueue(new SentSpan(ServiceName(resourceSpans), source, traceId, Text(span, 5), Attributes(span, 9)));
        }
    }

    static Dictionary<string, string> Attributes(byte[] spanOrRecord, int field)
    {
        var attributes = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var attribute in Messages(spanOrRecord, field))
            attributes[Text(attribute, 1)] = string.Concat(Messages(attribute, 2).Select(value => Text(value, 1)));
        return attributes;
    }

    static string Text(byte[] message, int field) =>
        string.Concat(Messages(message, field).Select(System.Text.Encoding.UTF8.GetString));

    /// <summary>The value of a numeric field; 0 if it is missing.</summary>
    static ulong Number(byte[] message, int field)
    {
        var input = new CodedInputStream(message);
        while (input.ReadTag() is not 0 and var tag)
        {
            if (
                WireFormat.GetTagFieldNumber(tag) == field
                && WireFormat.GetTagWireType(tag) == WireFormat.WireType.Varint
            )
            {
                return input.ReadUInt64();
            }
            input.SkipLastField();
        }
        return 0;
    }

    /// <summary>The length-delimited values of a field.</summary>
    static List<byte[]> Messages(byte[] message, int field)
    {
        var values = new List<byte[]>();
        var input = new CodedInputStream(message);
        while (input.ReadTag() is not 0 and var tag)
        {
            if (
                WireFormat.GetTagFieldNumber(tag) == field
                && WireFormat.GetTagWireType(tag) == WireFormat.WireType.LengthDelimited
            )
            {
                values.Add(input.ReadBytes().ToByteArray());
            }
            else
            {
                input.SkipLastField();
            }
        }
        return values;
    }
}
