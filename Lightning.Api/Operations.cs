namespace Lightning.Api;

/// <summary>Groups of operations for people, with what every one of them may answer besides what it does.</summary>
static class Operations
{
    /// <summary>Maps a group for people who are signed in.</summary>
    /// <param name="app">The API.</param>
    /// <param name="prefix">What all of their addresses begin with.</param>
    /// <param name="tag">The group's name in the document.</param>
    public static RouteGroupBuilder MapOperations(this IEndpointRouteBuilder app, string prefix, string tag) => app.MapGroup(prefix).WithTags(tag).RequireAuthorization()
        .ProducesValidationProblem()
        .ProducesProblem(StatusCodes.Status401Unauthorized)
        .ProducesProblem(StatusCodes.Status403Forbidden)
        .ProducesProblem(StatusCodes.Status429TooManyRequests)
        .ProducesProblem(StatusCodes.Status503ServiceUnavailable);
}
