using System.Collections.Concurrent;
using System.Net;
using Google.Protobuf;
using Lightning.Testing;

namespace Lightning.EndToEnd;

/// <summary>
/// A span that a service sent: whose it is, what made it, the trace it belongs to, and its attributes that are text.
/// </summary>
public sealed record SentSpan(
    string Service, string Source, string TraceId, string Name, IReadOnlyDictionary<string, string> Attributes);

/// <summary>A line that a service logged at Warning or above.</summary>
public sealed record LoggedWarning(string Service, string Category, string Level, string Text, string TraceId);

/// <summary>
/// Receives traces, logs and metrics by OTLP over HTTP, as a collector would, and forwards them to the dashboard.
/// Keeps everything as it came, and what tests ask for of each span and log record.
/// </summary>
public sealed class TraceCollector : IAsyncDisposable
{
    readonly HttpListener listener = new();
    readonly ConcurrentBag<SentSpan> spans = [];
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

    /// <summary>The trace in which a service serves a request for a path, once it has a statement of the API's.</summary>
    public async Task<string> WaitForTraceAsync(string service, string path, CancellationToken cancellationToken)
    {
        var found = "";
        await Wait.UntilAsync(
            () =>
            {
                cancellationToken.ThrowIfCancellationRequested();
                // A page may begin a request, give it up and begin it again: the one that was given up has none.
                found = spans.Where(span => span.Service == service && span.Source == "Microsoft.AspNetCore")
                    .Where(span => span.Attributes.GetValueOrDefault("url.path") == path)
                    .Select(span => span.TraceId)
                    .FirstOrDefault(HasStatement, "");
                return found.Length > 0;
            },
            TimeSpan.FromSeconds(20));
        return found;

        bool HasStatement(string traceId) => spans.Any(span => span.TraceId == traceId
            && span is { Service: "api", Source: "Npgsql" } && span.Attributes.ContainsKey("db.query.text"));
    }

    /// <summary>The spans with a text in an attribute: service, source, name and the attribute.</summary>
    public IEnumerable<string> SpansWith(string text) =>
        from span in spans
        from attribute in span.Attributes
        where attribute.Value.Contains(text, StringComparison.Ordinal)
        select $"{span.Service} {span.Source} {span.Name} {attribute.Key}={attribute.Value}";

    /// <summary>What was logged at Warning or above so far.</summary>
    public IReadOnlyCollection<LoggedWarning> Warnings => warnings;

    /// <summary>Sends what is received on to the dashboard from now on.</summary>
    public void ForwardTo(Uri address) => dashboard.BaseAddress = address;

    /// <summary>Where a public client's code may be sent: any page would do.</summary>
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
        string traceId, Func<IReadOnlyCollection<SentSpan>, bool> condition, CancellationToken cancellationToken)
    {
        using var poll = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        for (var deadline = DateTime.UtcNow.AddSeconds(20); ;)
        {
            var found = spans.Where(span => span.TraceId == traceId).ToArray();
            if (condition(found) || DateTime.UtcNow > deadline) return found;
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
            if (context.Request.Url!.AbsolutePath == "/v1/traces") ReadSpans(body.ToArray());
            if (context.Request.Url!.AbsolutePath == "/v1/logs") ReadWarnings(body.ToArray());
            if (dashboard.BaseAddress is not null) await ForwardAsync(context.Request, body.ToArray());
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
            // The dashboard is stopped before the services are.
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
                    warnings.Enqueue(new LoggedWarning(
                        ServiceName(resourceLogs), category, Text(record, 3), text + exception, traceId));
                }
    }

    static string ServiceName(byte[] resourceSpansOrLogs) => Messages(resourceSpansOrLogs, 1)
        .SelectMany(resource => Messages(resource, 1))
        .Where(attribute => Text(attribute, 1) == "service.name")
        .Select(attribute => Text(Messages(attribute, 2).Single(), 1)).FirstOrDefault("");

    /// <summary>Field numbers are those of opentelemetry/proto/trace/v1/trace.proto.</summary>
    void ReadSpans(byte[] request)
    {
        foreach (var resourceSpans in Messages(request, 1))
            foreach (var scopeSpans in Messages(resourceSpans, 2))
                foreach (var span in Messages(scopeSpans, 2))
                {
                    var source = Text(Messages(scopeSpans, 1).Single(), 1);
                    var traceId = Convert.ToHexStringLower(Messages(span, 1).Single());
                    spans.Add(new SentSpan(
                        ServiceName(resourceSpans), source, traceId, Text(span, 5), Attributes(span, 9)));
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

    /// <summary>The value of a numeric field; 0 when it is not there.</summary>
    static ulong Number(byte[] message, int field)
    {
        var input = new CodedInputStream(message);
        while (input.ReadTag() is not 0 and var tag)
        {
            if (WireFormat.GetTagFieldNumber(tag) == field
                && WireFormat.GetTagWireType(tag) == WireFormat.WireType.Varint)
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
            if (WireFormat.GetTagFieldNumber(tag) == field
                && WireFormat.GetTagWireType(tag) == WireFormat.WireType.LengthDelimited)
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
