using System.Diagnostics.CodeAnalysis;

namespace Duende.AccessTokenManagement;

/// <summary>A client id.</summary>
public readonly record struct ClientId
{
    const int MaxLength = 1024;

    public ClientId() => throw StringValue.Empty();

    ClientId(string value) => Value = value;

    string Value { get; }

    public static implicit operator string(ClientId value) => value.ToString();

    public override string ToString() => Value;

    public static bool TryParse(string value, [NotNullWhen(true)] out ClientId? parsed, out string[] errors) =>
        StringValue.TryParse(value, MaxLength, letters: null, text => new ClientId(text), out parsed, out errors);

    public static ClientId Parse(string value) =>
        StringValue.Must(TryParse(value, out var parsed, out var errors) ? parsed : null, errors);
}
