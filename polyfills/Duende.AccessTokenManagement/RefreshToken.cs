using System.Diagnostics.CodeAnalysis;

namespace Duende.AccessTokenManagement;

/// <summary>A refresh token.</summary>
public readonly record struct RefreshToken
{
    public const int MaxLength = 4 * 1024;

    public RefreshToken() => throw StringValue.Empty();

    RefreshToken(string value) => Value = value;

    string Value { get; }

    public static implicit operator string(RefreshToken value) => value.ToString();

    public override string ToString() => Value;

    public static bool TryParse(string value, [NotNullWhen(true)] out RefreshToken? parsed, out string[] errors) =>
        StringValue.TryParse(value, MaxLength, letters: null, text => new RefreshToken(text), out parsed, out errors);

    public static RefreshToken Parse(string value) =>
        StringValue.Must(TryParse(value, out var parsed, out var errors) ? parsed : null, errors);
}
