using System.Text.Json.Serialization;
using Lightning.Identity.Requests;

namespace Lightning.Identity.Endpoints;

/// <summary>The JSON error response of endpoints that clients call directly (RFC 6749, 5.2).</summary>
sealed record ErrorResponse(
    [property: JsonPropertyName("error")] string Error,
    [property: JsonPropertyName("error_description")] string Description
);

static class ErrorResponses
{
    public static IResult ToResult(this ProtocolError error, HttpContext http)
    {
        http.Response.Headers.CacheControl = "no-store";
        if (error.Code == "invalid_client")
            http.Response.Headers.WWWAuthenticate = "Basic realm=\"lightning\"";
        return Results.Json(
            new ErrorResponse(error.Code, error.Description),
            ProtocolJson.Default.ErrorResponse,
            statusCode: error.Code == "invalid_client" ? StatusCodes.Status401Unauthorized
                : error == ProtocolError.TooManyRequests ? StatusCodes.Status429TooManyRequests
                : StatusCodes.Status400BadRequest
        );
    }
}
