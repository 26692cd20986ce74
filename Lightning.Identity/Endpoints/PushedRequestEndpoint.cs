using System.Text.Json.Serialization;
using Lightning.Identity.Requests;
using Lightning.Identity.Web;

namespace Lightning.Identity.Endpoints;

/// <summary>The pushed authorization request endpoint: RFC 9126.</summary>
static class PushedRequestEndpoint
{
    /// <summary>
    /// RFC 9126, 2.1: a pushed request must have no request_uri and pass the checks of the authorization endpoint.
    /// </summary>
    static readonly RequestCheck<AuthorizationRequest>[] Checks =
    [
        NoRequestUri,
        .. AuthorizeEndpoint.ChecksBeforeRedirect,
        .. AuthorizeEndpoint.Checks,
    ];

    // RFC 9126, 2.1.
    static ProtocolError? NoRequestUri(AuthorizationRequest request) =>
        request.Parameters["request_uri"] is null
            ? null
            : ProtocolError.InvalidRequest("A pushed request must not contain request_uri.");

    public static void MapPushedRequests(this IEndpointRouteBuilder routes) =>
        routes.MapPost(Paths.PushedRequest, HandleAsync);

    static async Task<IResult> HandleAsync(
        HttpContext http,
        ClientAuthentication authentication,
        PendingRequests pushed,
        TimeProvider clock
    )
    {
        http.Response.Headers.CacheControl = "no-store";
        var (caller, error) = await authentication.AuthenticateAsync(http);
        if (error is not null)
            return error.ToResult(http);
        var request = new AuthorizationRequest(caller!.Parameters, caller.Client, clock.GetUtcNow());
        if (Checks.FirstError(request) is { } refusal)
            return refusal.ToResult(http);
        var requestUri = await pushed.PushAsync(request, http.RequestAborted);
        return Results.Json(
            new Response(requestUri, (int)PendingRequests.PushedLifetime.TotalSeconds),
            ProtocolJson.Default.Response,
            statusCode: StatusCodes.Status201Created
        );
    }

    internal sealed record Response(
        [property: JsonPropertyName("request_uri")] string RequestUri,
        [property: JsonPropertyName("expires_in")] int ExpiresIn
    );
}
