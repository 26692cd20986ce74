using Aspire.Hosting.Dashboard.Otlp;
using Google.Protobuf;

namespace Aspire.Hosting.Dashboard.Telemetry;

/// <summary>Who sent something: the service's name, and the process as the list of resources knows it.</summary>
sealed record Sender(string Service, string Id)
{
    /// <summary>Whether a name means it: its own, its service's, or none, which means all.</summary>
    public bool IsNamed(string name) => name.Length == 0 || Id == name || Service == name;

    public static Sender Of(Source? source)
    {
        string? Find(string key) => source?.Attributes.FirstOrDefault(attribute => attribute.Key == key)?.Value?.StringValue is { Length: > 0 } text ? text : null;
        var service = Attributes.Cut(Find("service.name") ?? "unknown", 200);
        // Services that run once tell themselves apart by a random number, unless they were told who they are.
        return Find("service.instance.id") is { } instance && instance.StartsWith(service, StringComparison.Ordinal) ? new(service, Attributes.Cut(instance, 200)) : new(service, service);
    }
}

/// <summary>A property of a log record, a span or a series.</summary>
readonly record struct Property(string Name, string Value);

/// <summary>Turns what OTLP carries into text, cut to a length that no sender can exceed.</summary>
static class Attributes
{
    const int Longest = 16 * 1024, Most = 128;

    public static Property[] Of(IEnumerable<KeyValue> attributes) =>
        [.. attributes.Take(Most).Select(attribute => new Property(Cut(attribute.Key, 200), Cut(Text(attribute.Value), Longest)))];

    public static string Text(AnyValue? value) => value?.ValueCase switch
    {
        AnyValue.ValueOneofCase.StringValue => value.StringValue,
        AnyValue.ValueOneofCase.BoolValue => value.BoolValue ? "true" : "false",
        AnyValue.ValueOneofCase.IntValue => value.IntValue.ToString(System.Globalization.CultureInfo.InvariantCulture),
        AnyValue.ValueOneofCase.DoubleValue => value.DoubleValue.ToString(System.Globalization.CultureInfo.InvariantCulture),
        AnyValue.ValueOneofCase.ArrayValue => $"[{string.Join(", ", value.ArrayValue.Values.Select(Text))}]",
        AnyValue.ValueOneofCase.KvlistValue => $"{{{string.Join(", ", value.KvlistValue.Values.Select(pair => $"{pair.Key}: {Text(pair.Value)}"))}}}",
        AnyValue.ValueOneofCase.BytesValue => Convert.ToHexStringLower(value.BytesValue.Span),
        _ => ""
    };

    public static string Hex(ByteString id) => id.IsEmpty ? "" : Convert.ToHexStringLower(id.Span[..Math.Min(id.Length, 16)]);

    public static string Cut(string text, int length) => text.Length <= length ? text : string.Concat(text.AsSpan(0, length), "…");

    public static DateTime Time(ulong nanoseconds) => DateTime.UnixEpoch.AddTicks((long)Math.Min(nanoseconds / 100, 1UL << 60));

    /// <summary>About how much memory the properties take.</summary>
    public static long SizeOf(Property[] properties)
    {
        var size = 0L;
        foreach (var property in properties) size += 2L * (property.Name.Length + property.Value.Length) + 72;
        return size;
    }
}
