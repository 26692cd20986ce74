using System.Collections.Concurrent;
using System.Net;
using Google.Protobuf;
using Lightning.Testing;

namespace Lightning.EndToEnd;

/// <summary>A span that a service sent: whose it is, what made it, the trace it belongs to, and its attributes that are text.</summary>
public sealed record SentSpan(string Service, string Source, string TraceId, string Name, IReadOnlyDictionary<string, string> Attributes);

/// <summary>Takes traces, logs and metrics by OTLP over HTTP, as a collector would: keeps all as it came, and of each span what a test asks for.</summary>
public sealed class TraceCollector : IAsyncDisposable
{
    readonly HttpListener listener = new();
    readonly ConcurrentBag<SentSpan> spans = [];
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

    /// <summary>Where a public client's code may be sent: any page would do.</summary>
    public string RedirectUri => $"{Address}/callback";

    /// <summary>Which signals (<c>/v1/logs</c>, <c>/v1/traces</c>, <c>/v1/metrics</c>) hold a text so far.</summary>
    public IReadOnlySet<string> SignalsWith(string text)
    {
        var bytes = System.Text.Encoding.UTF8.GetBytes(text);
        return received.Where(sent => sent.Body.AsSpan().IndexOf(bytes) >= 0).Select(sent => sent.Signal).ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>The spans of a trace, once there is one that satisfies the condition.</summary>
    public async Task<IReadOnlyCollection<SentSpan>> WaitAsync(string traceId, Func<IReadOnlyCollection<SentSpan>, bool> condition, CancellationToken cancellationToken)
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
            if (context.Request.Url!.AbsolutePath == "/v1/traces") Read(body.ToArray());
            context.Response.Close();
        }
    }

    /// <summary>Field numbers are those of opentelemetry/proto/trace/v1/trace.proto.</summary>
    void Read(byte[] request)
    {
        foreach (var resourceSpans in Messages(request, 1))
        {
            var service = Messages(resourceSpans, 1).SelectMany(resource => Messages(resource, 1))
                .Where(attribute => Text(attribute, 1) == "service.name").Select(attribute => Text(Messages(attribute, 2).Single(), 1)).FirstOrDefault("");
            foreach (var scopeSpans in Messages(resourceSpans, 2))
                foreach (var span in Messages(scopeSpans, 2))
                    spans.Add(new SentSpan(service, Text(Messages(scopeSpans, 1).Single(), 1), Convert.ToHexStringLower(Messages(span, 1).Single()), Text(span, 5), Attributes(span)));
        }
    }

    static Dictionary<string, string> Attributes(byte[] span)
    {
        var attributes = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var attribute in Messages(span, 9)) attributes[Text(attribute, 1)] = string.Concat(Messages(attribute, 2).Select(value => Text(value, 1)));
        return attributes;
    }

    static string Text(byte[] message, int field) => string.Concat(Messages(message, field).Select(System.Text.Encoding.UTF8.GetString));

    /// <summary>The length-delimited values of a field.</summary>
    static List<byte[]> Messages(byte[] message, int field)
    {
        var values = new List<byte[]>();
        var input = new CodedInputStream(message);
        while (input.ReadTag() is not 0 and var tag)
            if (WireFormat.GetTagFieldNumber(tag) == field && WireFormat.GetTagWireType(tag) == WireFormat.WireType.LengthDelimited) values.Add(input.ReadBytes().ToByteArray());
            else input.SkipLastField();
        return values;
    }
}
