using Lightning.Identity.Clients;
using Lightning.Identity.Tokens;
using Lightning.Identity.Web;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Tokens;

namespace Lightning.Identity.Endpoints;

/// <summary>
/// Metadata (OpenID Connect Discovery 1.0; RFC 8414) and keys (RFC 7517). The tests check every member of the metadata.
/// </summary>
static class DiscoveryEndpoints
{
    public static void MapDiscovery(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/.well-known/openid-configuration", Metadata);
        routes.MapGet("/.well-known/oauth-authorization-server", Metadata);
        routes.MapGet(Paths.Keys, KeysAsync);
    }

    static IResult Metadata(IOptions<ProviderOptions> options)
    {
        var issuer = options.Value.Issuer;
        return Results.Json(
            new Dictionary<string, object>(StringComparer.Ordinal)
            {
                ["issuer"] = issuer,
                ["authorization_endpoint"] = issuer + Paths.Authorize,
                ["token_endpoint"] = issuer + Paths.Token,
                ["revocation_endpoint"] = issuer + Paths.Revocation,
                ["introspection_endpoint"] = issuer + Paths.Introspection,
                ["userinfo_endpoint"] = issuer + Paths.UserInfo,
                ["nonce_endpoint"] = issuer + Paths.Nonce,
                ["jwks_uri"] = issuer + Paths.Keys,
                ["end_session_endpoint"] = issuer + Paths.EndSession,
                ["pushed_authorization_request_endpoint"] = issuer + Paths.PushedRequest,
                ["require_pushed_authorization_requests"] = false,
                ["response_types_supported"] = List("code"),
                ["response_modes_supported"] = List("query"),
                ["grant_types_supported"] = GrantTypes.All,
                ["scopes_supported"] = Scopes.All,
                ["subject_types_supported"] = List("public"),
                ["id_token_signing_alg_values_supported"] = List(SecurityAlgorithms.EcdsaSha256),
                ["token_endpoint_auth_methods_supported"] = List("client_secret_basic", "client_secret_post", "none"),
                ["revocation_endpoint_auth_methods_supported"] = List(
                    "client_secret_basic",
                    "client_secret_post",
                    "none"
                ),
                ["introspection_endpoint_auth_methods_supported"] = List("client_secret_basic", "client_secret_post"),
                ["code_challenge_methods_supported"] = List("S256"),
                ["prompt_values_supported"] = List("none", "login", "create"),
                ["claims_supported"] = List(
                    "sub",
                    "iss",
                    "aud",
                    "exp",
                    "iat",
                    "auth_time",
                    "nonce",
                    "amr",
                    "sid",
                    "at_hash",
                    "name",
                    "email",
                    "email_verified"
                ),
                ["authorization_response_iss_parameter_supported"] = true,
                ["backchannel_logout_supported"] = true,
                ["backchannel_logout_session_supported"] = true,
                ["claims_parameter_supported"] = false,
                ["request_parameter_supported"] = false,
                ["request_uri_parameter_supported"] = false,
            },
            ProtocolJson.Default.DictionaryStringObject
        );
    }

    static string[] List(params string[] values) => values;

    static async Task<IResult> KeysAsync(SigningKeys keys, CancellationToken cancellationToken) =>
        Results.Json(
            new Dictionary<string, object>(StringComparer.Ordinal)
            {
                ["keys"] = (await keys.VerifiersAsync(cancellationToken)).Select(Publish).ToArray(),
            },
            ProtocolJson.Default.DictionaryStringObject
        );

    // RFC 7518, 6.2.1: the public members, listed one by one, so that no private member can be published.
    static Dictionary<string, string> Publish(ECDsaSecurityKey key)
    {
        var point = key.ECDsa.ExportParameters(includePrivateParameters: false).Q;
        return new(StringComparer.Ordinal)
        {
            ["kty"] = "EC",
            ["use"] = "sig",
            ["alg"] = SecurityAlgorithms.EcdsaSha256,
            ["kid"] = key.KeyId,
            ["crv"] = "P-256",
            ["x"] = WebEncoders.Base64UrlEncode(point.X!),
            ["y"] = WebEncoders.Base64UrlEncode(point.Y!),
        };
    }
}
