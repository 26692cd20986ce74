namespace Lightning.Api;

/// <summary>Groups of operations that require authorization.</summary>
static class Operations
{
    /// <summary>Maps a group, with the error responses that all of its operations share.</summary>
    /// <param name="app">The API.</param>
    /// <param name="prefix">The path prefix.</param>
    /// <param name="tag">The group's name in the OpenAPI document.</param>
    public static RouteGroupBuilder MapOperations(this IEndpointRouteBuilder app, string prefix, string tag) =>
        app.MapGroup(prefix)
            .WithTags(tag)
            .RequireAuthorization()
            .ProducesValidationProblem()
            .ProducesProblem(StatusCodes.Status401Unauthorized)
            .ProducesProblem(StatusCodes.Status403Forbidden)
            .ProducesProblem(StatusCodes.Status429TooManyRequests)
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);
}
