using System.Data.Common;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;

namespace Lightning.ServiceDefaults;

/// <summary>
/// Errors as problem details (RFC 9457): <c>type</c> is the path of a page that explains the problem
/// (<see cref="Problem"/>), <c>traceId</c> identifies the trace.
/// </summary>
public static partial class Problems
{
    /// <summary>Whether the database is unavailable or overloaded, so that a retry may succeed.</summary>
    public static bool IsDatabaseUnavailable(Exception? ex)
    {
        for (; ex is not null; ex = ex.InnerException)
            if (ex is DbException { IsTransient: true })
                return true;
        return false;
    }

    internal static void AddProblems(this IServiceCollection services)
    {
        // Before the default writer of JSON, which accepts */* too.
        services.AddSingleton<IProblemDetailsWriter, HtmlProblemWriter>();
        services.AddProblemDetails(options =>
            options.CustomizeProblemDetails = problem =>
            {
                problem.HttpContext.Response.Headers.AppendCommaSeparatedValues("Vary", "Accept");
                var details = problem.ProblemDetails;
                var status = details.Status ?? problem.HttpContext.Response.StatusCode;
                // The framework sets types of its own: replaced by ours for the status code.
                if (details.Type?.StartsWith("/problems/", StringComparison.Ordinal) != true)
                    details.Type = Problem.FromStatus(status).Type;
                if (details is HttpValidationProblemDetails validation)
                    JsonErrorNames.Apply(problem.HttpContext, validation);
                details.Extensions["traceId"] =
                    Activity.Current?.TraceId.ToString() ?? problem.HttpContext.TraceIdentifier;
            }
        );
        services.AddExceptionHandler<DatabaseUnavailableHandler>();
        services.AddExceptionHandler<BadRequestHandler>();
    }

    /// <summary>503 if the database is unavailable, never 401 or 500: clients keep their session and retry.</summary>
    sealed class DatabaseUnavailableHandler : IExceptionHandler
    {
        public async ValueTask<bool> TryHandleAsync(
            HttpContext httpContext,
            Exception exception,
            CancellationToken cancellationToken
        )
        {
            if (!IsDatabaseUnavailable(exception))
                return false;
            await Problem.Unavailable.WriteAsync(httpContext, "Nothing was changed. Try again in a few seconds.");
            return true;
        }
    }

    /// <summary>400 for a malformed request, with the field or parameter that is invalid.</summary>
    sealed partial class BadRequestHandler(IProblemDetailsService problems) : IExceptionHandler
    {
        public ValueTask<bool> TryHandleAsync(
            HttpContext httpContext,
            Exception exception,
            CancellationToken cancellationToken
        )
        {
            // A malformed form is a client error too, but the framework throws another exception for it.
            if (exception is InvalidDataException && httpContext.Request.HasFormContentType)
                exception = new BadHttpRequestException("The form is malformed.", exception);
            if (exception is not BadHttpRequestException bad)
                return ValueTask.FromResult(false);
            httpContext.Response.StatusCode = bad.StatusCode;
            if (bad.StatusCode == StatusCodes.Status429TooManyRequests)
                httpContext.Response.Headers.RetryAfter = "60";
            var details = new ProblemDetails
            {
                Status = bad.StatusCode,
                Detail =
                    IsBodyMissing(bad) ? "The request has no body. Send the operation's JSON in the body."
                    : bad.InnerException is JsonException ? "The body is not valid JSON for this operation."
                    : bad.Message,
            };
            if (bad.StatusCode == StatusCodes.Status400BadRequest)
            {
                var (field, error) = FindError(bad, httpContext);
                details.Extensions["errors"] = new Dictionary<string, string[]>(StringComparer.Ordinal)
                {
                    [field] = [error],
                };
                // The framework's message names .NET types and repeats the input.
                if (bad.InnerException is not JsonException && field.Length > 0)
                    details.Detail = $"The parameter {field} is invalid.";
            }
            return problems.TryWriteAsync(
                new ProblemDetailsContext { HttpContext = httpContext, ProblemDetails = details }
            );
        }

        /// <summary>The invalid field and the error. The field is empty if it is the body as a whole.</summary>
        static (string Field, string Error) FindError(BadHttpRequestException bad, HttpContext context) =>
            IsBodyMissing(bad) ? ("", "Required.")
            // "$.title" names a field; "$" the body itself.
            : bad.InnerException is JsonException json ? (json.Path?.TrimStart('$').TrimStart('.') ?? "", Explain(json))
            : Unbound().Match(bad.Message) is { Success: true } unbound
                ? (JsonNamingPolicy.CamelCase.ConvertName(unbound.Groups["name"].Value), "Invalid value.")
            : ("", HasNoBody(context) ? "Required." : "Invalid value.");

        // BadHttpRequestException and JsonException say it only in their messages. A test fails if a message changes.
        static bool IsBodyMissing(BadHttpRequestException bad) =>
            bad.InnerException is JsonException json
                ? json.Message.Contains("does not contain any JSON tokens", StringComparison.Ordinal)
                : bad.Message.StartsWith("Implicit body inferred for parameter", StringComparison.Ordinal)
                    || bad.Message.EndsWith("was not provided from body.", StringComparison.Ordinal);

        static bool HasNoBody(HttpContext context) =>
            context.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: false };

        // BadHttpRequestException has the parameter's name only in its message. A test fails if the message changes.
        [GeneratedRegex("^Failed to bind parameter \".+ (?<name>\\S+)\" from ")]
        private static partial Regex Unbound();

        // JsonException has the cause only in its message, which also names .NET types. A test fails if it changes.
        static string Explain(JsonException ex) =>
            ex.Message.Contains("could not be mapped to any .NET member", StringComparison.Ordinal)
                ? "Unknown property."
            : ex.Message.Contains("missing required properties", StringComparison.Ordinal)
                ? $"Missing: {ex.Message[(ex.Message.LastIndexOf(':') + 1)..].Trim(' ', '.', '\'')}."
            : ex.LineNumber is { } line
                ? string.Create(
                    CultureInfo.InvariantCulture,
                    $"Invalid value or syntax at line {line + 1}, byte {ex.BytePositionInLine + 1}."
                )
            : "Invalid value.";
    }
}
