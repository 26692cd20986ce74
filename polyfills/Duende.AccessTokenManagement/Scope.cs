using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;

namespace Duende.AccessTokenManagement;

/// <summary>Scope names, separated by spaces (RFC 6749, 3.3).</summary>
public readonly partial record struct Scope
{
    public const int MaxLength = 1024;

    public Scope() => throw StringValue.Empty();

    Scope(string value) => Value = value;

    string Value { get; }

    public static implicit operator string(Scope value) => value.ToString();

    public override string ToString() => Value;

    public static bool TryParse(string value, [NotNullWhen(true)] out Scope? parsed, out string[] errors) =>
        StringValue.TryParse(value, MaxLength, letters: Letters(), text => new Scope(text), out parsed, out errors);

    public static Scope Parse(string value) =>
        StringValue.Must(TryParse(value, out var parsed, out var errors) ? parsed : null, errors);

    /// <summary>Null for a blank string; throws if the string is not valid.</summary>
    public static Scope? ParseOrDefault(string? value) => string.IsNullOrWhiteSpace(value) ? null : Parse(value);

    [GeneratedRegex(@"^[\x21\x23-\x5B\x5D-\x7E]+(?: [\x21\x23-\x5B\x5D-\x7E]+)*$")]
    private static partial Regex Letters();
}
