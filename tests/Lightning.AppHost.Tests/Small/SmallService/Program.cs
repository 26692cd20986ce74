// As a job it ends with the exit code it is given; as a service it says what it was given, and crashes on demand.
if (args is ["job", var code])
{
    if (code != "0") Console.Error.WriteLine("The table of things is missing: run the job on an empty database.");
    return int.Parse(code, System.Globalization.CultureInfo.InvariantCulture);
}

var builder = WebApplication.CreateBuilder(args);
var app = builder.Build();
string? remembered = null;
app.MapGet("/health", () => "healthy");
app.MapGet("/process", () => Environment.ProcessId);
app.MapGet("/environment/{name}", (string name) => Environment.GetEnvironmentVariable(name));
app.MapPost("/remember", (string what) => remembered = what);
app.MapGet("/remembered", () => remembered);
app.MapGet("/stream", async (HttpContext context) =>
{
    await context.Response.WriteAsync($"{Environment.ProcessId}\n");
    await context.Response.Body.FlushAsync();
    await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
});
app.MapPost("/crash", () => Environment.FailFast("Asked to crash."));
app.Run();
return 0;
