using System.Text.Json.Serialization;
using Lightning.Identity.Clients;
using Lightning.Identity.Tokens;
using Lightning.Identity.Web;

namespace Lightning.Identity.Protocol;

/// <summary>Gives a client the nonce for its request to an upstream provider whose ID token it will exchange (OpenID Connect Core 1.0, 3.1.2.1; RFC 8693).</summary>
static class NonceEndpoint
{
    static readonly Check<Caller>[] Checks =
    [
        ClientMayExchange,
    ];

    // RFC 6749, 5.2.
    static ProtocolError? ClientMayExchange(Caller caller) =>
        caller.Client.GrantTypes.Contains(GrantTypes.TokenExchange) ? null : ProtocolError.UnauthorizedClient("This client may not exchange tokens, and needs no nonce.");

    public static void MapNonce(this IEndpointRouteBuilder routes) => routes.MapPost(Paths.Nonce, HandleAsync);

    static async Task<IResult> HandleAsync(HttpContext http, ClientAuthentication authentication, Nonces nonces)
    {
        http.Response.Headers.CacheControl = "no-store";
        var (caller, fault) = await authentication.AuthenticateAsync(http);
        if (fault is not null) return fault.ToResult(http);
        if (Checks.FirstFault(caller!) is { } refusal) return refusal.ToResult(http);
        return Results.Json(new Answer(await nonces.IssueAsync(caller!.Client, http.RequestAborted), (int)Nonces.Lifetime.TotalSeconds), ProtocolJson.Default.NonceAnswer);
    }

    /// <summary>The nonce, and for how many seconds it is good.</summary>
    internal sealed record Answer([property: JsonPropertyName("nonce")] string Nonce, [property: JsonPropertyName("expires_in")] int ExpiresIn)
    {
        public override string ToString() => "a nonce";
    }
}
