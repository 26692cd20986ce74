using System.Text.Json;
using Lightning.Identity.Tokens;
using Lightning.Identity.Web;

namespace Lightning.Identity.Protocol;

/// <summary>
/// The introspection endpoint: RFC 7662. A confidential client may ask about its own tokens, a resource server about every access token.
/// Whatever else is asked is answered as if there were no such token (4).
/// </summary>
static class IntrospectionEndpoint
{
    /// <summary>What a call must be, once the client has proved itself.</summary>
    static readonly Check<Caller>[] Checks =
    [
        CallerIsConfidential,
        TokenIsThere,
    ];

    // RFC 7662, 2.1 and 4: whoever cannot prove who they are could ask about tokens they found, or guess.
    static ProtocolError? CallerIsConfidential(Caller caller) => caller.Client.IsPublic ? ProtocolError.InvalidClient("A public client may not introspect tokens.") : null;

    // RFC 7662, 2.1.
    static ProtocolError? TokenIsThere(Caller caller) => caller.Parameters["token"] is null ? ProtocolError.InvalidRequest("token is missing.") : null;

    public static void MapIntrospection(this IEndpointRouteBuilder routes) => routes.MapPost(Paths.Introspection, HandleAsync);

    static async Task<IResult> HandleAsync(HttpContext http, ClientAuthentication authentication, LiveTokens live)
    {
        http.Response.Headers.CacheControl = "no-store";
        var (caller, stranger) = await authentication.AuthenticateAsync(http);
        if (stranger is not null) return stranger.ToResult(http);
        if (Checks.FirstFault(caller!) is { } fault) return fault.ToResult(http);
        return Results.Json(await DescribeAsync(caller!, live, http.RequestAborted), ProtocolJson.Default.DictionaryStringObject);
    }

    static async Task<Dictionary<string, object>> DescribeAsync(Caller caller, LiveTokens live, CancellationToken cancellationToken)
    {
        var (client, token) = (caller.Client, caller.Parameters["token"]!);
        if (await live.FindRefreshTokenAsync(token, cancellationToken) is { } refresh && refresh.Token.ClientId == client.Id)
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
        if (await live.FindAccessTokenAsync(token, cancellationToken) is { Token: var access } && (client.IsResourceServer || access.GetClaim("client_id").Value == client.Id))
        {
            string[] told = ["iss", "aud", "sub", "sid", "client_id", "scope", "jti"];
            var claims = told.Where(name => access.TryGetClaim(name, out _)).ToDictionary(name => name, name => (object)access.GetClaim(name).Value, StringComparer.Ordinal);
            (claims["active"], claims["token_type"]) = (true, "Bearer");
            // RFC 8693, 4.1.
            if (access.TryGetClaim("act", out var actor)) claims["act"] = JsonElement.Parse(actor.Value);
            (claims["iat"], claims["exp"]) = (access.GetPayloadValue<long>("iat"), access.GetPayloadValue<long>("exp"));
            return claims;
        }
        // RFC 7662, 2.2: nothing else, so that nobody learns why.
        return new(StringComparer.Ordinal) { ["active"] = false };
    }
}
