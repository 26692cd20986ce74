using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;

namespace Duende.AccessTokenManagement;

/// <summary>The type of a token, such as Bearer.</summary>
public readonly partial record struct AccessTokenType
{
    public const int MaxLength = 50;

    public AccessTokenType() => throw StringValue.Empty();

    AccessTokenType(string value) => Value = value;

    string Value { get; }

    public static implicit operator string(AccessTokenType value) => value.ToString();

    public override string ToString() => Value;

    public static bool TryParse(string value, [NotNullWhen(true)] out AccessTokenType? parsed, out string[] errors) =>
        StringValue.TryParse(
            value,
            MaxLength,
            letters: Letters(),
            text => new AccessTokenType(text),
            out parsed,
            out errors
        );

    public static AccessTokenType Parse(string value) =>
        StringValue.Must(TryParse(value, out var parsed, out var errors) ? parsed : null, errors);

    /// <summary>Null for a blank string; throws if the string is not valid.</summary>
    public static AccessTokenType? ParseOrDefault(string? value) =>
        string.IsNullOrWhiteSpace(value) ? null : Parse(value);

    [GeneratedRegex("^[a-zA-Z0-9]*$")]
    private static partial Regex Letters();
}
