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

/// <summary>Faults as problem details (RFC 9457): <c>type</c> leads to a page that explains it (<see cref="Problem"/>), and <c>traceId</c> leads to the trace.</summary>
public static partial class Problems
{
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
            // One that bears no type of ours is what its status says, whatever the framework calls it.
            if (details.Type?.StartsWith("/problems/", StringComparison.Ordinal) != true) details.Type = Problem.Of(status).Type;
            details.Extensions["traceId"] = Activity.Current?.TraceId.ToString() ?? problem.HttpContext.TraceIdentifier;
        });
        services.AddExceptionHandler<DatabaseAway>();
        services.AddExceptionHandler<BadRequest>();
    }

    /// <summary>A database that is away is 503, never 401 or 500: clients keep their session and try again.</summary>
    sealed class DatabaseAway : IExceptionHandler
    {
        public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
        {
            if (!IsDatabaseAway(exception)) return false;
            await Problem.Unavailable.WriteAsync(httpContext, "Nothing was changed. Try again in a few seconds.");
            return true;
        }
    }

    /// <summary>A request that cannot be read says which part of it; a JSON fault names its field.</summary>
    sealed partial class BadRequest(IProblemDetailsService problems) : IExceptionHandler
    {
        public ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
        {
            // A form that cannot be taken apart is the sender's fault too; the framework says so by another exception.
            if (exception is InvalidDataException && httpContext.Request.HasFormContentType) exception = new BadHttpRequestException("The form cannot be read.", exception);
            if (exception is not BadHttpRequestException bad) return ValueTask.FromResult(false);
            httpContext.Response.StatusCode = bad.StatusCode;
            if (bad.StatusCode == StatusCodes.Status429TooManyRequests) httpContext.Response.Headers.RetryAfter = "60";
            var details = new ProblemDetails { Status = bad.StatusCode, Detail = bad.InnerException is JsonException ? "The body is no JSON of the form that is asked for." : bad.Message };
            if (bad.StatusCode == StatusCodes.Status400BadRequest)
            {
                var (field, fault) = Fault(bad, httpContext);
                details.Extensions["errors"] = new Dictionary<string, string[]>(StringComparer.Ordinal) { [field] = [fault] };
                // The framework's words name types of ours and repeat what was sent.
                if (bad.InnerException is not JsonException && field.Length > 0) details.Detail = $"The parameter {field} cannot be read.";
            }
            return problems.TryWriteAsync(new ProblemDetailsContext { HttpContext = httpContext, ProblemDetails = details });
        }

        /// <summary>Which field is at fault, and how; the body as a whole has no name.</summary>
        static (string Field, string Fault) Fault(BadHttpRequestException bad, HttpContext context) =>
            // "$.title" names a field; "$" the body itself.
            bad.InnerException is JsonException json ? (json.Path?.TrimStart('$').TrimStart('.') ?? "", Explain(json))
            : Unbound().Match(bad.Message) is { Success: true } unbound ? (JsonNamingPolicy.CamelCase.ConvertName(unbound.Groups["name"].Value), "Cannot be read.")
            : ("", HasNoBody(context) ? "Missing." : "Cannot be read.");

        static bool HasNoBody(HttpContext context) =>
            context.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: false };

        // BadHttpRequestException names the parameter in its text only; if that changes, a response says less (tested).
        [GeneratedRegex("^Failed to bind parameter \".+ (?<name>\\S+)\" from ")]
        private static partial Regex Unbound();

        /// <summary>Without the names of our own types, which the serializer's messages hold.</summary>
        // JsonException tells its cases apart by its text only; if the text changes, the response says less (tested).
        static string Explain(JsonException fault) =>
            fault.Message.Contains("could not be mapped to any .NET member", StringComparison.Ordinal) ? "Unknown; leave it out."
            : fault.Message.Contains("missing required properties", StringComparison.Ordinal) ? $"Missing: {fault.Message[(fault.Message.LastIndexOf(':') + 1)..].Trim(' ', '.', '\'')}."
            : fault.LineNumber is { } line ? string.Create(CultureInfo.InvariantCulture, $"Cannot be read at line {line + 1}, byte {fault.BytePositionInLine + 1}.")
            : "Cannot be read.";
    }
}
