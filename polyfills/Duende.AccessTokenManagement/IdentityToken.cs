using System.Diagnostics.CodeAnalysis;

namespace Duende.AccessTokenManagement;

/// <summary>An ID token.</summary>
public readonly record struct IdentityToken
{
    public const int MaxLength = 32 * 1024;

    public IdentityToken() => throw StringValue.Empty();

    IdentityToken(string value) => Value = value;

    string Value { get; }

    public static implicit operator string(IdentityToken value) => value.ToString();

    public override string ToString() => Value;

    public static bool TryParse(string value, [NotNullWhen(true)] out IdentityToken? parsed, out string[] errors) =>
        StringValue.TryParse(value, MaxLength, letters: null, text => new IdentityToken(text), out parsed, out errors);

    public static IdentityToken Parse(string value) =>
        StringValue.Must(TryParse(value, out var parsed, out var errors) ? parsed : null, errors);

    /// <summary>Null for a blank string; throws if the string is not valid.</summary>
    public static IdentityToken? ParseOrDefault(string? value) =>
        string.IsNullOrWhiteSpace(value) ? null : Parse(value);
}
