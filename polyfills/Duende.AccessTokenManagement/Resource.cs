using System.Diagnostics.CodeAnalysis;

namespace Duende.AccessTokenManagement;

/// <summary>A resource indicator (RFC 8707).</summary>
public readonly record struct Resource
{
    public const int MaxLength = 1024;

    public Resource() => throw StringValue.Empty();

    Resource(string value) => Value = value;

    string Value { get; }

    public static implicit operator string(Resource value) => value.ToString();

    public override string ToString() => Value;

    public static bool TryParse(string value, [NotNullWhen(true)] out Resource? parsed, out string[] errors) =>
        StringValue.TryParse(value, MaxLength, letters: null, text => new Resource(text), out parsed, out errors);

    public static Resource Parse(string value) =>
        StringValue.Must(TryParse(value, out var parsed, out var errors) ? parsed : null, errors);
}
