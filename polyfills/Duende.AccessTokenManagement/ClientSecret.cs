using System.Diagnostics.CodeAnalysis;

namespace Duende.AccessTokenManagement;

/// <summary>The secret of a confidential client.</summary>
public readonly record struct ClientSecret
{
    const int MaxLength = 1024;

    public ClientSecret() => throw StringValue.Empty();

    ClientSecret(string value) => Value = value;

    string Value { get; }

    public static implicit operator string(ClientSecret value) => value.ToString();

    public override string ToString() => Value;

    public static bool TryParse(string value, [NotNullWhen(true)] out ClientSecret? parsed, out string[] errors) =>
        StringValue.TryParse(value, MaxLength, letters: null, text => new ClientSecret(text), out parsed, out errors);

    public static ClientSecret Parse(string value) =>
        StringValue.Must(TryParse(value, out var parsed, out var errors) ? parsed : null, errors);
}
