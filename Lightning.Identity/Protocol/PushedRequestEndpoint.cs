using System.Text.Json.Serialization;
using Lightning.Identity.Clients;
using Lightning.Identity.Web;

namespace Lightning.Identity.Protocol;

/// <summary>The pushed authorization request endpoint: RFC 9126.</summary>
static class PushedRequestEndpoint
{
    /// <summary>What a pushed request must be besides; then it is checked as any other (RFC 9126, 2.1).</summary>
    static readonly Check<AuthorizationRequest>[] Checks =
    [
        NoRequestUri,
        .. AuthorizeEndpoint.BeforeRedirecting,
        .. AuthorizeEndpoint.Checks,
    ];

    // RFC 9126, 2.1.
    static ProtocolError? NoRequestUri(AuthorizationRequest request) =>
        request.Parameters["request_uri"] is null ? null : ProtocolError.InvalidRequest("A pushed request must not hold a request_uri.");

    public static void MapPushedRequests(this IEndpointRouteBuilder routes) => routes.MapPost(Paths.PushedRequest, HandleAsync);

    static async Task<IResult> HandleAsync(HttpContext http, ClientAuthentication authentication, PushedRequests pushed, TimeProvider clock)
    {
        http.Response.Headers.CacheControl = "no-store";
        var (caller, fault) = await authentication.AuthenticateAsync(http);
        if (fault is not null) return fault.ToResult(http);
        var request = new AuthorizationRequest(caller!.Parameters, caller.Client, clock.GetUtcNow());
        if (Checks.FirstFault(request) is { } refusal) return refusal.ToResult(http);
        var requestUri = await pushed.PushAsync(request, http.RequestAborted);
        return Results.Json(new Answer(requestUri, (int)PushedRequests.PushedLifetime.TotalSeconds), ProtocolJson.Default.Answer, statusCode: StatusCodes.Status201Created);
    }

    internal sealed record Answer([property: JsonPropertyName("request_uri")] string RequestUri, [property: JsonPropertyName("expires_in")] int ExpiresIn);
}
