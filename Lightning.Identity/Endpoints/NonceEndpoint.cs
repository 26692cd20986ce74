using System.Text.Json.Serialization;
using Lightning.Identity.Clients;
using Lightning.Identity.Requests;
using Lightning.Identity.Tokens;
using Lightning.Identity.Web;

namespace Lightning.Identity.Endpoints;

/// <summary>
/// Issues the nonce that a client sends to an upstream provider before it exchanges the ID token (OpenID Connect Core
/// 1.0, 3.1.2.1; RFC 8693).
/// </summary>
static class NonceEndpoint
{
    static readonly RequestCheck<ClientRequest>[] Checks = [ClientMayExchange];

    // RFC 6749, 5.2.
    static ProtocolError? ClientMayExchange(ClientRequest caller) =>
        caller.Client.GrantTypes.Contains(GrantTypes.TokenExchange)
            ? null
            : ProtocolError.UnauthorizedClient("This client may not use the token exchange grant.");

    public static void MapNonce(this IEndpointRouteBuilder routes) => routes.MapPost(Paths.Nonce, HandleAsync);

    static async Task<IResult> HandleAsync(HttpContext http, ClientAuthentication authentication, Nonces nonces)
    {
        http.Response.Headers.CacheControl = "no-store";
        var (caller, error) = await authentication.AuthenticateAsync(http);
        if (error is not null)
            return error.ToResult(http);
        if (Checks.FirstError(caller!) is { } refusal)
            return refusal.ToResult(http);
        return Results.Json(
            new Response(
                await nonces.IssueAsync(caller!.Client, http.RequestAborted),
                (int)Nonces.Lifetime.TotalSeconds
            ),
            ProtocolJson.Default.NonceResponse
        );
    }

    /// <summary>The nonce and its lifetime in seconds.</summary>
    internal sealed record Response(
        [property: JsonPropertyName("nonce")] string Nonce,
        [property: JsonPropertyName("expires_in")] int ExpiresIn
    )
    {
        public override string ToString() => "a nonce";
    }
}
