using System.Text.Json;
using System.Text.Json.Serialization;
using Lightning.Identity.BackChannel;
using Lightning.Identity.Protocol;

namespace Lightning.Identity.Web;

/// <summary>How the protocol's answers are written.</summary>
[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ProtocolError.Body))]
[JsonSerializable(typeof(PushedRequestEndpoint.Answer))]
[JsonSerializable(typeof(TokenAnswer))]
[JsonSerializable(typeof(NonceEndpoint.Answer), TypeInfoPropertyName = "NonceAnswer")]
[JsonSerializable(typeof(EndedSession))]
[JsonSerializable(typeof(long))]
[JsonSerializable(typeof(Dictionary<string, object>))]
[JsonSerializable(typeof(Dictionary<string, string>[]))]
[JsonSerializable(typeof(JsonElement))]
[JsonSerializable(typeof(string[]))]
[JsonSerializable(typeof(bool))]
sealed partial class ProtocolJson : JsonSerializerContext;
