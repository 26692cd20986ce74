using System.Data.Common;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.DependencyInjection;

namespace Lightning.ServiceDefaults;

/// <summary>Faults as problem details (RFC 9457): <c>type</c> is <c>/problems/slug</c>, and <c>traceId</c> leads to the trace.</summary>
public static class Problems
{
    /// <summary>The <c>type</c> of a problem by its slug.</summary>
    public static string Type(string slug) => $"/problems/{slug}";

    /// <summary>Whether a fault means that the database is away or overwhelmed, so that the same request may well succeed later.</summary>
    public static bool IsDatabaseAway(Exception? fault)
    {
        for (; fault is not null; fault = fault.InnerException)
            if (fault is DbException { IsTransient: true }) return true;
        return false;
    }

    internal static void AddProblems(this IServiceCollection services)
    {
        services.AddProblemDetails(options => options.CustomizeProblemDetails = problem =>
        {
            var details = problem.ProblemDetails;
            var status = details.Status ?? problem.HttpContext.Response.StatusCode;
            if (details.Type?.StartsWith("/problems/", StringComparison.Ordinal) != true)
                details.Type = Type(Slug(status));
            details.Extensions["traceId"] = Activity.Current?.TraceId.ToString() ?? problem.HttpContext.TraceIdentifier;
        });
        services.AddExceptionHandler<DatabaseAway>();
        services.AddExceptionHandler<BadRequest>();
    }

    static string Slug(int status) => status switch
    {
        StatusCodes.Status401Unauthorized => "unauthenticated",
        StatusCodes.Status500InternalServerError => "internal-error",
        StatusCodes.Status503ServiceUnavailable => "unavailable",
        _ => ReasonPhrases.GetReasonPhrase(status).Replace(' ', '-').ToLowerInvariant() is { Length: > 0 } slug ? slug : "error",
    };

    /// <summary>A database that is away is 503, never 401 or 500: clients keep their session and try again.</summary>
    sealed class DatabaseAway(IProblemDetailsService problems) : IExceptionHandler
    {
        public ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
        {
            if (!IsDatabaseAway(exception)) return ValueTask.FromResult(false);
            httpContext.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            httpContext.Response.Headers.RetryAfter = "5";
            return problems.TryWriteAsync(new ProblemDetailsContext
            {
                HttpContext = httpContext,
                ProblemDetails = { Status = 503, Title = "The service is busy or being restarted.", Detail = "Nothing was changed. Try again in a few seconds." },
            });
        }
    }

    /// <summary>A request that cannot be read says which part of it; a JSON fault names its field.</summary>
    sealed class BadRequest(IProblemDetailsService problems) : IExceptionHandler
    {
        public ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
        {
            // A form that cannot be taken apart is the sender's fault too; the framework says so by another exception.
            if (exception is InvalidDataException && httpContext.Request.HasFormContentType) exception = new BadHttpRequestException("The form cannot be read.", exception);
            if (exception is not BadHttpRequestException bad) return ValueTask.FromResult(false);
            httpContext.Response.StatusCode = bad.StatusCode;
            if (bad.StatusCode == StatusCodes.Status429TooManyRequests) httpContext.Response.Headers.RetryAfter = "60";
            var json = bad.InnerException as JsonException;
            var details = new ProblemDetails { Status = bad.StatusCode, Detail = json is null ? bad.Message : "The body is no JSON of the form that is asked for." };
            if (json is not null)
                details.Extensions["errors"] = new Dictionary<string, string[]>(StringComparer.Ordinal)
                {
                    // "$.title" names a field; "$" the body itself.
                    [json.Path?.TrimStart('$').TrimStart('.') ?? ""] = [Explain(json)],
                };
            return problems.TryWriteAsync(new ProblemDetailsContext { HttpContext = httpContext, ProblemDetails = details });
        }

        /// <summary>Without the names of our own types, which the serializer's messages hold.</summary>
        static string Explain(JsonException fault) =>
            fault.Message.Contains("could not be mapped to any .NET member", StringComparison.Ordinal) ? "Unknown; leave it out."
            : fault.Message.Contains("missing required properties", StringComparison.Ordinal) ? $"Missing: {fault.Message[(fault.Message.LastIndexOf(':') + 1)..].Trim(' ', '.', '\'')}."
            : fault.LineNumber is { } line ? string.Create(CultureInfo.InvariantCulture, $"Cannot be read at line {line + 1}, byte {fault.BytePositionInLine + 1}.")
            : "Cannot be read.";
    }
}
