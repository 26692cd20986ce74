// As a job it ends with the exit code it is given; as a service it says what it was given, works with its telemetry on, and crashes on demand.
using System.Diagnostics.Metrics;
using Npgsql;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

if (args is ["job", var code])
{
    if (code != "0") Console.Error.WriteLine("The table of things is missing: run the job on an empty database.");
    return int.Parse(code, System.Globalization.CultureInfo.InvariantCulture);
}

var builder = WebApplication.CreateBuilder(args);
builder.Services.AddHttpClient();
builder.Services.AddOpenTelemetry()
    .WithTracing(tracing => tracing.AddSource("Npgsql").AddAspNetCoreInstrumentation().AddHttpClientInstrumentation())
    .WithMetrics(metrics => metrics.AddMeter("Small", "Microsoft.AspNetCore.Hosting"))
    .WithLogging(null, logging => logging.IncludeFormattedMessage = true)
    .UseOtlpExporter();
var app = builder.Build();
string? remembered = null;
using var meter = new Meter("Small");
var worked = meter.CreateCounter<long>("small.worked", "{thing}", "Things that were worked on, by outcome.");

app.MapGet("/health", () => "healthy");
app.MapGet("/process", () => Environment.ProcessId);
app.MapGet("/environment/{name}", (string name) => Environment.GetEnvironmentVariable(name));
app.MapPost("/remember", (string what) => remembered = what);
app.MapGet("/remembered", () => remembered ?? "");

// Asks itself, which asks the database: one trace of three spans and more, with a log record in it.
app.MapGet("/work", async (string thing, HttpContext context, IHttpClientFactory clients, ILogger<Program> log) =>
{
    Work.Begins(log, thing);
    using var client = clients.CreateClient();
    var answer = await client.GetStringAsync($"http://{context.Request.Host}/query?thing={Uri.EscapeDataString(thing)}");
    worked.Add(1, new KeyValuePair<string, object?>("outcome", answer));
    return answer;
});
app.MapGet("/query", async (string thing) =>
{
    await using var connection = new NpgsqlConnection(Environment.GetEnvironmentVariable("ConnectionStrings__small-database"));
    await connection.OpenAsync();
    await using var command = new NpgsqlCommand("SELECT length($1)::text AS length_of_thing", connection) { Parameters = { new() { Value = thing } } };
    return (string?)await command.ExecuteScalarAsync();
});
app.MapGet("/fault", IResult () => throw new InvalidOperationException("Asked to fail."));
app.MapGet("/stream", async (HttpContext context) =>
{
    await context.Response.WriteAsync($"{Environment.ProcessId}\n");
    await context.Response.Body.FlushAsync();
    await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
});
app.MapPost("/crash", () => Environment.FailFast("Asked to crash."));
app.Run();
return 0;

static partial class Work
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "Work on {Thing} begins.")]
    public static partial void Begins(ILogger logger, string thing);
}
