using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Lightning.Api.Tests;

/// <summary>
/// Holds JSON against a schema: the keywords of JSON Schema 2020-12 that the API's document uses. One that it does not know is a fault, so that the document cannot
/// come to say what nobody holds it to.
/// </summary>
static class Schema
{
    /// <summary>The first fault, with the place where it is; null where there is none.</summary>
    /// <exception cref="NotSupportedException">The schema has a keyword or a format that is not known here.</exception>
    public static string? Fault(JsonNode document, JsonNode schema, JsonElement value, string place = "$")
    {
        foreach (var (keyword, rule) in schema.AsObject())
            if (Fault(document, schema, keyword, rule!, value, place) is { } fault) return fault;
        return null;
    }

    static string? Fault(JsonNode document, JsonNode schema, string keyword, JsonNode rule, JsonElement value, string place) => keyword switch
    {
        "description" or "default" or "title" or "example" => null,
        "$ref" => Fault(document, Resolve(document, (string)rule!), value, place),
        "type" => Types(rule).Any(type => IsOf(type, value)) ? null : $"{place} is {value.ValueKind} and not {rule.ToJsonString()}.",
        "const" => JsonNode.DeepEquals(rule, JsonNode.Parse(value.GetRawText())) ? null : $"{place} is not {rule.ToJsonString()}.",
        "enum" => rule.AsArray().Any(one => JsonNode.DeepEquals(one, JsonNode.Parse(value.GetRawText()))) ? null : $"{place} is none of {rule.ToJsonString()}.",
        "oneOf" => rule.AsArray().Count(one => Fault(document, one!, value, place) is null) == 1 ? null : $"{place} is not exactly one of {rule.ToJsonString()}.",
        "anyOf" => rule.AsArray().Any(one => Fault(document, one!, value, place) is null) ? null : $"{place} is none of {rule.ToJsonString()}.",
        "allOf" => rule.AsArray().Select(one => Fault(document, one!, value, place)).FirstOrDefault(fault => fault is not null),
        "properties" => value.ValueKind != JsonValueKind.Object ? null : value.EnumerateObject()
            .Select(member => rule[member.Name] is { } known ? Fault(document, known, member.Value, $"{place}.{member.Name}") : null).FirstOrDefault(fault => fault is not null),
        "required" => value.ValueKind != JsonValueKind.Object ? null : rule.AsArray()
            .Select(name => value.TryGetProperty((string)name!, out _) ? null : $"{place} has no {name}.").FirstOrDefault(fault => fault is not null),
        "additionalProperties" => value.ValueKind != JsonValueKind.Object ? null : value.EnumerateObject().Where(member => schema["properties"]?[member.Name] is null)
            .Select(member => rule is JsonValue ? ((bool)rule! ? null : $"{place} has {member.Name}, which is not documented.") : Fault(document, rule, member.Value, $"{place}.{member.Name}"))
            .FirstOrDefault(fault => fault is not null),
        "items" => value.ValueKind != JsonValueKind.Array ? null : value.EnumerateArray()
            .Select((item, number) => Fault(document, rule, item, $"{place}[{number}]")).FirstOrDefault(fault => fault is not null),
        "minItems" => value.ValueKind != JsonValueKind.Array || value.GetArrayLength() >= (int)rule! ? null : $"{place} has fewer than {rule} items.",
        "maxItems" => value.ValueKind != JsonValueKind.Array || value.GetArrayLength() <= (int)rule! ? null : $"{place} has more than {rule} items.",
        "minLength" => value.ValueKind != JsonValueKind.String || value.GetString()!.EnumerateRunes().Count() >= (int)rule! ? null : $"{place} is shorter than {rule}.",
        "maxLength" => value.ValueKind != JsonValueKind.String || value.GetString()!.EnumerateRunes().Count() <= (int)rule! ? null : $"{place} is longer than {rule}.",
        "pattern" => value.ValueKind != JsonValueKind.String || Regex.IsMatch(value.GetString()!, (string)rule!) ? null : $"{place} does not match {rule}.",
        "minimum" => value.ValueKind != JsonValueKind.Number || value.GetDecimal() >= (decimal)rule! ? null : $"{place} is less than {rule}.",
        "maximum" => value.ValueKind != JsonValueKind.Number || value.GetDecimal() <= (decimal)rule! ? null : $"{place} is more than {rule}.",
        "format" => HasFormat((string)rule!, value) ? null : $"{place} is no {rule}.",
        _ => throw new NotSupportedException($"The document uses the keyword {keyword}, to which nobody holds it: add it here."),
    };

    static IEnumerable<string> Types(JsonNode rule) => rule is JsonArray several ? several.Select(type => (string)type!) : [(string)rule!];

    static bool IsOf(string type, JsonElement value) => type switch
    {
        "null" => value.ValueKind == JsonValueKind.Null,
        "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        "string" => value.ValueKind == JsonValueKind.String,
        "number" => value.ValueKind == JsonValueKind.Number,
        "integer" => value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out _),
        "array" => value.ValueKind == JsonValueKind.Array,
        "object" => value.ValueKind == JsonValueKind.Object,
        _ => throw new NotSupportedException($"The document uses the type {type}, to which nobody holds it: add it here."),
    };

    static bool HasFormat(string format, JsonElement value) => (format, value.ValueKind) switch
    {
        ("uuid", JsonValueKind.String) => Guid.TryParseExact(value.GetString(), "D", out _),
        ("date-time", JsonValueKind.String) => value.TryGetDateTimeOffset(out _),
        ("int32", JsonValueKind.Number) => value.TryGetInt32(out _),
        ("uuid" or "date-time" or "int32", _) => true,
        _ => throw new NotSupportedException($"The document uses the format {format}, to which nobody holds it: add it here."),
    };

    static JsonNode Resolve(JsonNode document, string reference) => reference.StartsWith("#/", StringComparison.Ordinal)
        ? reference[2..].Split('/').Aggregate(document, (node, name) => node[name] ?? throw new NotSupportedException($"{reference} leads nowhere."))
        : throw new NotSupportedException($"{reference} leads out of the document.");
}
