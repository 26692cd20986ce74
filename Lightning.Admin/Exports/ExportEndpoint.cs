using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using CsvHelper;
using Lightning.Admin.Lists;
using Lightning.Admin.Pages;
using Lightning.Admin.Registrations;
using Lightning.Admin.Values;
using Lightning.Data.Audit;
using Lightning.Data.Rules;
using Lightning.ServiceDefaults;
using Microsoft.Extensions.Options;

namespace Lightning.Admin.Exports;

/// <summary>Exactly what a list shows as a file, in the order of the list, row by row as the database gives them: nothing is kept in memory.</summary>
static partial class ExportEndpoint
{
    /// <summary>After so many seconds it may be tried again where too many are under way: most take less.</summary>
    const string RetryAfter = "30";

    /// <summary>Octets of JSON after which what is written is sent: rows may be of any size.</summary>
    const int Flush = 64 * 1024;

    public static IServiceCollection AddExports(this IServiceCollection services) => services.AddSingleton<ExportSlots>();

    public static void MapExports(this IEndpointRouteBuilder app) => app.MapGet("/{list}/-/export", ExportAsync);

    static async Task ExportAsync(string list, string? format, AdminRequest request, ExportSlots slots, IOptions<AdminOptions> options, ILogger<ExportSlots> logger, HttpContext http)
    {
        if (request.Site.Find(list) is not { } registration || format is not ("csv" or "json") || registration.Open(request) is var rows && !rows.IsPossible(Verb.Read))
        {
            http.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }
        var state = ListState.Read(registration, http.Request.Query.Where(part => part.Key != "format"));
        if (state.Faults.Count > 0)
        {
            http.Response.StatusCode = StatusCodes.Status400BadRequest;
            return;
        }
        using var slot = slots.TryTake(request.Actor.SessionId, out var isOwn);
        if (slot is null)
        {
            await RefuseAsync(isOwn, http);
            return;
        }
        var open = registration.Open(request);
        await EnterAsync(registration, format, open.Shown(state), request, http);
        http.Response.ContentType = format == "csv" ? "text/csv; charset=utf-8" : "application/json";
        http.Response.Headers.ContentDisposition = string.Create(CultureInfo.InvariantCulture, $"attachment; filename=\"{registration.Slug}-{request.Now:yyyy-MM-dd}.{format}\"");
        http.Response.Headers.CacheControl = "no-store";
        await using var body = new AwaitedBody(http, options.Value.ExportTimeout, request.Clock);
        try
        {
            if (format == "csv") await WriteCsvAsync(registration, open, state, body, http);
            else await WriteJsonAsync(registration, open, state, body, http);
        }
        catch (OperationCanceledException) when (body.IsGivenUp)
        {
            LogGivenUp(logger, registration.Slug, options.Value.ExportTimeout);
        }
    }

    /// <summary>Nothing was written: whoever waits for a page is told what to do, and a script gets a problem.</summary>
    static Task RefuseAsync(bool isOwn, HttpContext http)
    {
        var (problem, heading, text) = isOwn
            ? (Problem.TooManyRequests, "You have as many exports under way as one may", $"There are {ExportSlots.PerSession}, in other tabs or windows. Wait until one is complete, or stop one; then export again.")
            : (Problem.Unavailable, "Others are exporting", "As many exports as the site writes at once are under way. Try again in a minute; the list stays as you have narrowed it.");
        http.Response.Headers.RetryAfter = RetryAfter;
        if (!http.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase)) return problem.WriteAsync(http, $"{heading}. {text}");
        http.Features.Set(new StatusText(heading, text));
        (http.Response.StatusCode, http.Response.Headers.CacheControl) = (problem.Status, "no-store");
        return Task.CompletedTask;
    }

    static async Task WriteCsvAsync(Registration registration, Rows rows, ListState state, Stream body, HttpContext http)
    {
        await using var csv = CsvWriter.Create(body, CsvWriterOptions.Default, leaveOpen: true);
        foreach (var name in Header(registration, rows, state)) csv.WriteField(name);
        await csv.EndRecordAsync(http.RequestAborted);
        await foreach (var row in rows.StreamAsync(state, http.RequestAborted))
        {
            csv.WriteField(CsvText.Guard(RowKey.Write(row[..registration.KeyLength])));
            // A number may begin with a minus, and is no formula.
            foreach (var value in row.Skip(registration.KeyLength)) csv.WriteField(value is not null && TypedText.IsNumber(value.GetType()) ? TypedText.Write(value) : CsvText.Guard(TypedText.Write(value)));
            await csv.EndRecordAsync(http.RequestAborted);
        }
    }

    static async Task WriteJsonAsync(Registration registration, Rows rows, ListState state, Stream body, HttpContext http)
    {
        // Written for a file, which no page shows: letters stay letters.
        await using var json = new Utf8JsonWriter(body, new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        var names = Header(registration, rows, state);
        json.WriteStartArray();
        await foreach (var row in rows.StreamAsync(state, http.RequestAborted))
        {
            json.WriteStartObject();
            json.WriteString(names[0], RowKey.Write(row[..registration.KeyLength]));
            for (var i = registration.KeyLength; i < row.Length; i++)
            {
                json.WritePropertyName(names[i - registration.KeyLength + 1]);
                // Made apart: a serializer that writes into the answer's writer would send it on there and then, and not asynchronously.
                if (row[i] is { } value && (value is bool or System.Collections.IEnumerable and not string and not byte[] || TypedText.IsNumber(value.GetType()))) json.WriteRawValue(JsonSerializer.SerializeToUtf8Bytes(value, value.GetType()), skipInputValidation: true);
                else if (row[i] is null) json.WriteNullValue();
                else json.WriteStringValue(TypedText.Write(row[i]));
            }
            json.WriteEndObject();
            if (json.BytesPending >= Flush) await json.FlushAsync(http.RequestAborted);
        }
        json.WriteEndArray();
    }

    static List<string> Header(Registration registration, Rows rows, ListState state) =>
        ["key", .. rows.Shown(state).Select(column => column.Name == "key" ? $"{registration.Slug}.key" : column.Name)];

    [LoggerMessage(EventId = 2004, EventName = "export-given-up", Level = LogLevel.Warning, Message = "An export of {List} was given up: whoever reads it took nothing for {Timeout}, or sixty times that for all of it")]
    static partial void LogGivenUp(ILogger logger, string list, TimeSpan timeout);

    /// <summary>That somebody took rows away is worth a line in the book.</summary>
    static async Task EnterAsync(Registration registration, string format, IReadOnlyList<Field> columns, AdminRequest request, HttpContext http)
    {
        if (request.Site.Model.FindEntityType(typeof(AuditEntry)) is null) return;
        request.Db.Add(new AuditEntry
        {
            At = request.Now,
            Action = "exported",
            UserId = request.Actor.UserId,
            SessionId = request.Actor.SessionId,
            SubjectType = registration.Slug,
            Details = JsonSerializer.Serialize(new { format, columns = columns.Select(column => column.Name) }),
            Ip = http.Connection.RemoteIpAddress?.ToString(),
        });
        await request.Db.SaveChangesAsync(CancellationToken.None);
        request.Db.ChangeTracker.Clear();
    }
}
