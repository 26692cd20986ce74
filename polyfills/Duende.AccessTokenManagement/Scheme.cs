using System.Diagnostics.CodeAnalysis;

namespace Duende.AccessTokenManagement;

/// <summary>The name of an authentication scheme.</summary>
public readonly record struct Scheme
{
    public const int MaxLength = 50;

    public Scheme() => throw StringValue.Empty();

    Scheme(string value) => Value = value;

    string Value { get; }

    public static implicit operator string(Scheme value) => value.ToString();

    public override string ToString() => Value;

    public static bool TryParse(string value, [NotNullWhen(true)] out Scheme? parsed, out string[] errors) =>
        StringValue.TryParse(value, MaxLength, letters: null, text => new Scheme(text), out parsed, out errors);

    public static Scheme Parse(string value) =>
        StringValue.Must(TryParse(value, out var parsed, out var errors) ? parsed : null, errors);
}
