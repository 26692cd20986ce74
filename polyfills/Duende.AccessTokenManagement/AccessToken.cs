using System.Diagnostics.CodeAnalysis;

namespace Duende.AccessTokenManagement;

/// <summary>An access token, opaque to the client.</summary>
public readonly record struct AccessToken
{
    public const int MaxLength = 32 * 1024;

    public AccessToken() => throw StringValue.Empty();

    AccessToken(string value) => Value = value;

    string Value { get; }

    public static implicit operator string(AccessToken value) => value.ToString();

    public override string ToString() => Value;

    public static bool TryParse(string value, [NotNullWhen(true)] out AccessToken? parsed, out string[] errors) =>
        StringValue.TryParse(value, MaxLength, letters: null, text => new AccessToken(text), out parsed, out errors);

    public static AccessToken Parse(string value) =>
        StringValue.Must(TryParse(value, out var parsed, out var errors) ? parsed : null, errors);
}
