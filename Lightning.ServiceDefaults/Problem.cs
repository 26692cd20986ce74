using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;

namespace Lightning.ServiceDefaults;

/// <summary>
/// A problem type (RFC 9457, 3.1.1). Its <c>type</c> is the path of a page that explains it, which every service
/// serves. Only the types listed here can be returned.
/// </summary>
public sealed partial class Problem
{
    Problem(int status, string slug, string title, string help)
    {
        Status = status;
        Slug = slug;
        Title = title;
        Help = help;
        BySlug.Add(slug, this);
    }

    /// <summary>All problem types.</summary>
    public static IReadOnlyCollection<Problem> All => BySlug.Values;

    /// <summary>The HTTP status code.</summary>
    public int Status { get; }

    /// <summary>The last segment of <see cref="Type"/>.</summary>
    public string Slug { get; }

    /// <summary>A short summary that is the same for each occurrence.</summary>
    public string Title { get; }

    /// <summary>What the problem means and how to fix it. Text between backticks is code.</summary>
    public string Help { get; }

    /// <summary>The path of the page that explains the problem.</summary>
    public string Type => $"/problems/{Slug}";

    /// <summary>The problem type with this slug, or null.</summary>
    public static Problem? Find(string slug) => BySlug.GetValueOrDefault(slug);

    /// <summary>The problem type of a response that has only a status code.</summary>
    public static Problem FromStatus(int status) =>
        ByStatus.GetValueOrDefault(status) ?? (status >= 500 ? InternalError : BadRequest);

    /// <summary>The problem as an endpoint's result.</summary>
    /// <param name="detail">What happened in this occurrence.</param>
    /// <param name="extensions">Additional members.</param>
    public ProblemHttpResult ToResult(string detail, IDictionary<string, object?>? extensions = null) =>
        TypedResults.Problem(detail, statusCode: Status, title: Title, type: Type, extensions: extensions);

    /// <summary>The problem as <see cref="ProblemDetails"/>.</summary>
    /// <param name="detail">What happened in this occurrence.</param>
    public ProblemDetails ToProblemDetails(string detail) =>
        new()
        {
            Status = Status,
            Type = Type,
            Title = Title,
            Detail = detail,
        };

    /// <summary>Writes the problem as the response, for middleware and authentication handlers.</summary>
    /// <param name="context">The request.</param>
    /// <param name="detail">What happened in this occurrence.</param>
    public async Task WriteAsync(HttpContext context, string detail)
    {
        ArgumentNullException.ThrowIfNull(context);
        context.Response.StatusCode = Status;
        context.Response.Headers.CacheControl = "no-store";
        if (Status == StatusCodes.Status503ServiceUnavailable && context.Response.Headers.RetryAfter.Count == 0)
            context.Response.Headers.RetryAfter = "5";
        await context
            .RequestServices.GetRequiredService<IProblemDetailsService>()
            .TryWriteAsync(
                new ProblemDetailsContext { HttpContext = context, ProblemDetails = ToProblemDetails(detail) }
            );
    }
}
