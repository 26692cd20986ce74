using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Lightning.Api.Tests;

/// <summary>
/// Validates JSON against the keywords of JSON Schema 2020-12 that the OpenAPI document uses. Unknown keywords throw,
/// so that no part of the document stays unchecked.
/// </summary>
static class Schema
{
    /// <summary>The first error, with its location; null if the value is valid.</summary>
    /// <exception cref="NotSupportedException">The schema has an unsupported keyword or format.</exception>
    public static string? FindError(JsonNode document, JsonNode schema, JsonElement value, string place = "$")
    {
        foreach (var (keyword, rule) in schema.AsObject())
            if (FindError(document, schema, keyword, rule!, value, place) is { } error)
                return error;
        return null;
    }

    static string? FindError(
        JsonNode document,
        JsonNode schema,
        string keyword,
        JsonNode rule,
        JsonElement value,
        string place
    ) =>
        keyword switch
        {
            "description" or "default" or "title" or "example" => null,
            "$ref" => FindError(document, Resolve(document, (string)rule!), value, place),
            "type" => Types(rule).Any(type => IsOf(type, value))
                ? null
                : $"{place} is {value.ValueKind} and not {rule.ToJsonString()}.",
            "const" => JsonNode.DeepEquals(rule, JsonNode.Parse(value.GetRawText()))
                ? null
                : $"{place} is not {rule.ToJsonString()}.",
            "enum" => rule.AsArray().Any(one => JsonNode.DeepEquals(one, JsonNode.Parse(value.GetRawText())))
                ? null
                : $"{place} is none of {rule.ToJsonString()}.",
            "oneOf" => rule.AsArray().Count(one => FindError(document, one!, value, place) is null) == 1
                ? null
                : $"{place} is not exactly one of {rule.ToJsonString()}.",
            "anyOf" => rule.AsArray().Any(one => FindError(document, one!, value, place) is null)
                ? null
                : $"{place} is none of {rule.ToJsonString()}.",
            "allOf" => rule.AsArray()
                .Select(one => FindError(document, one!, value, place))
                .FirstOrDefault(error => error is not null),
            "properties" => value.ValueKind != JsonValueKind.Object
                ? null
                : value
                    .EnumerateObject()
                    .Select(member =>
                        rule[member.Name] is { } known
                            ? FindError(document, known, member.Value, $"{place}.{member.Name}")
                            : null
                    )
                    .FirstOrDefault(error => error is not null),
            "required" => value.ValueKind != JsonValueKind.Object
                ? null
                : rule.AsArray()
                    .Select(name => value.TryGetProperty((string)name!, out _) ? null : $"{place} has no {name}.")
                    .FirstOrDefault(error => error is not null),
            "additionalProperties" => value.ValueKind != JsonValueKind.Object
                ? null
                : value
                    .EnumerateObject()
                    .Where(member => schema["properties"]?[member.Name] is null)
                    .Select(member =>
                        rule is JsonValue
                            ? ((bool)rule! ? null : $"{place} has {member.Name}, which is not documented.")
                            : FindError(document, rule, member.Value, $"{place}.{member.Name}")
                    )
                    .FirstOrDefault(error => error is not null),
            "items" => value.ValueKind != JsonValueKind.Array
                ? null
                : value
                    .EnumerateArray()
                    .Select((item, number) => FindError(document, rule, item, $"{place}[{number}]"))
                    .FirstOrDefault(error => error is not null),
            "minItems" => value.ValueKind != JsonValueKind.Array || value.GetArrayLength() >= (int)rule!
                ? null
                : $"{place} has fewer than {rule} items.",
            "maxItems" => value.ValueKind != JsonValueKind.Array || value.GetArrayLength() <= (int)rule!
                ? null
                : $"{place} has more than {rule} items.",
            "minLength" => value.ValueKind != JsonValueKind.String
            || value.GetString()!.EnumerateRunes().Count() >= (int)rule!
                ? null
                : $"{place} is shorter than {rule}.",
            "maxLength" => value.ValueKind != JsonValueKind.String
            || value.GetString()!.EnumerateRunes().Count() <= (int)rule!
                ? null
                : $"{place} is longer than {rule}.",
            "pattern" => value.ValueKind != JsonValueKind.String || Regex.IsMatch(value.GetString()!, (string)rule!)
                ? null
                : $"{place} does not match {rule}.",
            "minimum" => value.ValueKind != JsonValueKind.Number || value.GetDecimal() >= (decimal)rule!
                ? null
                : $"{place} is less than {rule}.",
            "maximum" => value.ValueKind != JsonValueKind.Number || value.GetDecimal() <= (decimal)rule!
                ? null
                : $"{place} is more than {rule}.",
            "format" => HasFormat((string)rule!, value) ? null : $"{place} is no {rule}.",
            _ => throw new NotSupportedException(
                $"The document uses the keyword {keyword}, which is not supported: add it here."
            ),
        };

    static IEnumerable<string> Types(JsonNode rule) =>
        rule is JsonArray several ? several.Select(type => (string)type!) : [(string)rule!];

    static bool IsOf(string type, JsonElement value) =>
        type switch
        {
            "null" => value.ValueKind == JsonValueKind.Null,
            "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
            "string" => value.ValueKind == JsonValueKind.String,
            "number" => value.ValueKind == JsonValueKind.Number,
            "integer" => value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out _),
            "array" => value.ValueKind == JsonValueKind.Array,
            "object" => value.ValueKind == JsonValueKind.Object,
            _ => throw new NotSupportedException(
                $"The document uses the type {type}, which is not supported: add it here."
            ),
        };

    static bool HasFormat(string format, JsonElement value) =>
        (format, value.ValueKind) switch
        {
            ("uuid", JsonValueKind.String) => Guid.TryParseExact(value.GetString(), "D", out _),
            ("date-time", JsonValueKind.String) => value.TryGetDateTimeOffset(out _),
            ("int32", JsonValueKind.Number) => value.TryGetInt32(out _),
            ("uuid" or "date-time" or "int32", _) => true,
            _ => throw new NotSupportedException(
                $"The document uses the format {format}, which is not supported: add it here."
            ),
        };

    static JsonNode Resolve(JsonNode document, string reference) =>
        reference.StartsWith("#/", StringComparison.Ordinal)
            ? reference[2..]
                .Split('/')
                .Aggregate(
                    document,
                    (node, name) => node[name] ?? throw new NotSupportedException($"{reference} leads nowhere.")
                )
            : throw new NotSupportedException($"{reference} leads out of the document.");
}
