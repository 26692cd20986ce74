using System.Text.Json;
using Lightning.Identity.Requests;
using Lightning.Identity.Tokens;
using Lightning.Identity.Web;

namespace Lightning.Identity.Endpoints;

/// <summary>
/// The introspection endpoint: RFC 7662. A confidential client may introspect its own tokens, and a resource server
/// every access token. Every other token is reported as inactive (4).
/// </summary>
static class IntrospectionEndpoint
{
    /// <summary>Checks after client authentication.</summary>
    static readonly RequestCheck<ClientRequest>[] Checks = [ClientIsConfidential, TokenIsPresent];

    // RFC 7662, 2.1 and 4: an unauthenticated client could test stolen or guessed tokens.
    static ProtocolError? ClientIsConfidential(ClientRequest caller) =>
        caller.Client.IsPublic ? ProtocolError.InvalidClient("A public client may not introspect tokens.") : null;

    // RFC 7662, 2.1.
    static ProtocolError? TokenIsPresent(ClientRequest caller) =>
        caller.Parameters["token"] is null ? ProtocolError.InvalidRequest("token is missing.") : null;

    public static void MapIntrospection(this IEndpointRouteBuilder routes) =>
        routes.MapPost(Paths.Introspection, HandleAsync);

    static async Task<IResult> HandleAsync(HttpContext http, ClientAuthentication authentication, ActiveTokens live)
    {
        http.Response.Headers.CacheControl = "no-store";
        var (caller, authenticationError) = await authentication.AuthenticateAsync(http);
        if (authenticationError is not null)
            return authenticationError.ToResult(http);
        if (Checks.FirstError(caller!) is { } error)
            return error.ToResult(http);
        return Results.Json(
            await DescribeAsync(caller!, live, http.RequestAborted),
            ProtocolJson.Default.DictionaryStringObject
        );
    }

    static async Task<Dictionary<string, object>> DescribeAsync(
        ClientRequest caller,
        ActiveTokens live,
        CancellationToken cancellationToken
    )
    {
        var (client, token) = (caller.Client, caller.Parameters["token"]!);
        if (
            await live.FindRefreshTokenAsync(token, cancellationToken) is { } refresh
            && refresh.Token.ClientId == client.Id
        )
            return new(StringComparer.Ordinal)
            {
                ["active"] = true,
                ["client_id"] = client.Id,
                ["scope"] = refresh.Token.Scope,
                ["sub"] = refresh.Session.Subject,
                ["sid"] = refresh.Session.Id.ToString(),
                ["iat"] = refresh.Token.CreatedAt.ToUnixTimeSeconds(),
                ["exp"] = refresh.Token.ExpiresAt.ToUnixTimeSeconds(),
            };
        if (
            await live.FindAccessTokenAsync(token, cancellationToken) is { Token: var access }
            && (client.IsResourceServer || access.GetClaim("client_id").Value == client.Id)
        )
        {
            string[] names = ["iss", "aud", "sub", "sid", "client_id", "scope", "jti"];
            var claims = names
                .Where(name => access.TryGetClaim(name, out _))
                .ToDictionary(name => name, name => (object)access.GetClaim(name).Value, StringComparer.Ordinal);
            claims["active"] = true;
            claims["token_type"] = "Bearer";
            // RFC 8693, 4.1.
            if (access.TryGetClaim("act", out var actor))
                claims["act"] = JsonElement.Parse(actor.Value);
            claims["iat"] = access.GetPayloadValue<long>("iat");
            claims["exp"] = access.GetPayloadValue<long>("exp");
            return claims;
        }
        // RFC 7662, 2.2: nothing else, so that the response does not reveal the reason.
        return new(StringComparer.Ordinal) { ["active"] = false };
    }
}
