using System.Globalization;
using Lightning.Admin.Engine.Lists;
using Lightning.Admin.Engine.Operations;
using Lightning.Admin.Engine.Registrations;
using Lightning.Admin.Engine.Values;
using Lightning.Authorization;
using Microsoft.Extensions.Options;

namespace Lightning.Admin.Engine.Exports;

/// <summary>Exports a list as a file, in the order of the list. Rows are streamed, not buffered.</summary>
static partial class ExportEndpoint
{
    /// <summary>The Retry-After value in seconds; most exports take less.</summary>
    const string RetryAfter = "30";

    public static void MapExports(this IEndpointRouteBuilder app) => app.MapGet("/{list}/-/export", ExportAsync);

    /// <summary>The services behind an export.</summary>
    internal sealed record Services(
        AdminRequest Request,
        ExportLimiter Limiter,
        IOptions<AdminOptions> Options,
        IProblemDetailsService Problems,
        ILogger<ExportLimiter> Logger
    );

    /// <summary>The parameters of an export.</summary>
    /// <param name="Format">csv or json.</param>
    /// <param name="Fields">
    /// <c>form</c> exports the form's fields, as an import reads them; without it, the list's columns are exported.
    /// </param>
    internal sealed record Wanted(string? Format, string? Fields);

    static async Task ExportAsync(
        string list,
        [AsParameters] Wanted wanted,
        [AsParameters] Services services,
        HttpContext http
    )
    {
        var (request, limiter, options, problems, logger) = services;
        var (format, fields) = wanted;
        if (
            request.Site.Find(list) is not { } registration
            || format is not ("csv" or "json")
            || fields is not (null or "form")
            || !request.IsPossible(registration, Verb.Read)
            || (fields is not null && !registration.Open(request).CanCreate)
        )
        {
            http.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }
        var state = ListState.Read(
            registration,
            http.Request.Query.Where(part => part.Key is not ("format" or "fields"))
        );
        if (state.Errors.Count > 0)
        {
            http.Response.StatusCode = StatusCodes.Status400BadRequest;
            return;
        }
        using var slot = limiter.TryAcquire(request.Actor.SessionId, out var isOwn);
        if (slot is null)
        {
            await RefuseAsync(isOwn, problems, http);
            return;
        }
        var rows = registration.Open(request);
        var names = fields is null ? Header(registration, rows, state) : rows.Imported;
        await request.Site.Audit.RecordExportAsync(
            request.Db,
            request.Actor,
            new(
                request.Now,
                registration.Slug,
                format,
                fields is null ? [.. rows.Shown(state).Select(column => column.Name)] : names,
                http.Connection.RemoteIpAddress?.ToString()
            )
        );
        http.Response.ContentType = format == "csv" ? "text/csv; charset=utf-8" : "application/json";
        http.Response.Headers.ContentDisposition = string.Create(
            CultureInfo.InvariantCulture,
            $"attachment; filename=\"{registration.Slug}-{request.Now:yyyy-MM-dd}.{format}\""
        );
        http.Response.Headers.CacheControl = "no-store";
        await using var body = new TimeoutStream(http, options.Value.ExportTimeout, request.Clock);
        var writer = new ExportWriter(
            names,
            fields is null
                ? ReadAsync(registration, rows.StreamAsync(state, http.RequestAborted))
                : rows.StreamFormAsync(state, http.RequestAborted),
            body
        );
        try
        {
            if (format == "csv")
                await writer.WriteCsvAsync(http.RequestAborted);
            else
                await writer.WriteJsonAsync(http.RequestAborted);
        }
        catch (OperationCanceledException) when (body.IsAborted)
        {
            LogAborted(logger, registration.Slug, options.Value.ExportTimeout);
        }
    }

    /// <summary>The key and the visible columns.</summary>
    static IReadOnlyList<string> Header(Registration registration, Rows rows, ListState state) =>
        ["key", .. rows.Shown(state).Select(column => column.Name == "key" ? $"{registration.Slug}.key" : column.Name)];

    /// <summary>The values of <see cref="Header"/>.</summary>
    static async IAsyncEnumerable<object?[]> ReadAsync(Registration registration, IAsyncEnumerable<object?[]> rows)
    {
        await foreach (var row in rows)
            yield return [RowKey.Format(row[..registration.KeyLength]), .. row[registration.KeyLength..]];
    }

    /// <summary>Refuses an export: browsers get a page that explains it, other clients get problem details.</summary>
    static async Task RefuseAsync(bool isOwn, IProblemDetailsService problems, HttpContext http)
    {
        var (status, title, explanation) = isOwn
            ? (
                StatusCodes.Status429TooManyRequests,
                "Too many requests",
                new StatusText(
                    "Too many exports",
                    $"You already have {ExportLimiter.PerSession} exports running in other tabs or windows. Wait "
                        + "until one is complete, or stop one, and try again."
                )
            )
            : (
                StatusCodes.Status503ServiceUnavailable,
                "Service unavailable",
                new StatusText(
                    "The export limit is reached",
                    "The site is running its maximum number of exports. Try again in a minute; your filters are kept."
                )
            );
        http.Response.StatusCode = status;
        http.Response.Headers.RetryAfter = RetryAfter;
        http.Response.Headers.CacheControl = "no-store";
        if (StatusText.IsShownTo(http))
            http.Features.Set(explanation);
        else
            await problems.TryWriteAsync(
                new()
                {
                    HttpContext = http,
                    ProblemDetails =
                    {
                        Status = status,
                        Title = title,
                        Detail = $"{explanation.Heading}. {explanation.Text}",
                    },
                }
            );
    }

    [LoggerMessage(
        EventId = 2004,
        EventName = "export-given-up",
        Level = LogLevel.Warning,
        Message = "An export of {List} was aborted: the client did not read for {Timeout}, or needed more than sixty "
            + "times that in total"
    )]
    static partial void LogAborted(ILogger logger, string list, TimeSpan timeout);
}
