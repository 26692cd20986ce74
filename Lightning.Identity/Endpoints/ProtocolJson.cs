using System.Text.Json;
using System.Text.Json.Serialization;

namespace Lightning.Identity.Endpoints;

/// <summary>The JSON serialization of protocol responses.</summary>
[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ErrorResponse))]
[JsonSerializable(typeof(PushedRequestEndpoint.Response))]
[JsonSerializable(typeof(TokenResponse))]
[JsonSerializable(typeof(NonceEndpoint.Response), TypeInfoPropertyName = "NonceResponse")]
[JsonSerializable(typeof(long))]
[JsonSerializable(typeof(Dictionary<string, object>))]
[JsonSerializable(typeof(Dictionary<string, string>[]))]
[JsonSerializable(typeof(JsonElement))]
[JsonSerializable(typeof(string[]))]
[JsonSerializable(typeof(bool))]
sealed partial class ProtocolJson : JsonSerializerContext;
