using System.Text.Json;
using Microsoft.AspNetCore.WebUtilities;

namespace Lightning.Identity.Tests;

/// <summary>The claims of a token, without validation.</summary>
public sealed class Claims(string token)
{
    public JsonElement Header { get; } = Part(token, 0);

    public JsonElement Payload { get; } = Part(token, 1);

    public string this[string name] => Payload.GetProperty(name).ToString();

    public long Number(string name) => Payload.GetProperty(name).GetInt64();

    public IEnumerable<string> Names => Payload.EnumerateObject().Select(claim => claim.Name);

    static JsonElement Part(string token, int index) =>
        JsonSerializer.Deserialize<JsonElement>(WebEncoders.Base64UrlDecode(token.Split('.')[index]));
}
