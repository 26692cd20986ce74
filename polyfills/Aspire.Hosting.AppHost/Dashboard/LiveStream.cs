using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Aspire.Hosting.Dashboard.Pages;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Aspire.Hosting.Dashboard;

/// <summary>
/// Keeps a page that somebody looks at as the application is: an event names the rows of a part in their order, with the HTML of those that are new or
/// have changed. A browser that does not read holds up its own stream and nobody else.
/// </summary>
sealed class LiveStream(IView view, TimeProvider clock)
{
    static readonly TimeSpan s_often = TimeSpan.FromMilliseconds(300), s_beat = TimeSpan.FromSeconds(15);
    static readonly JavaScriptEncoder s_encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping; // the event is read as JSON, never as HTML

    readonly Dictionary<string, Dictionary<string, string>> _sent = new(StringComparer.Ordinal);
    readonly Dictionary<string, string[]> _order = new(StringComparer.Ordinal);

    public async Task SendAsync(HttpContext context)
    {
        var stopping = context.RequestServices.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, stopping);
        context.Response.ContentType = "text/event-stream";
        using var often = new PeriodicTimer(s_often, clock);
        var (last, spoke) = (-1L, clock.GetTimestamp());
        try
        {
            do
            {
                var now = view.Version;
                if (now == last && clock.GetElapsedTime(spoke) < s_beat) continue;
                var events = new StringBuilder();
                if (now != last)
                {
                    foreach (var part in view.Parts()) Append(events, part);
                }
                else
                {
                    events.Append(":\n\n"); // so that a connection that is gone is noticed
                }

                last = now;
                if (events.Length == 0) continue;
                spoke = clock.GetTimestamp();
                await context.Response.WriteAsync(events.ToString(), ended.Token);
                await context.Response.Body.FlushAsync(ended.Token);
            }
            while (await often.WaitForNextTickAsync(ended.Token));
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            // Nobody looks any more, or the application stops.
        }
    }

    void Append(StringBuilder events, Part part)
    {
        var before = _sent.GetValueOrDefault(part.Id);
        var now = part.Rows.ToDictionary(row => row.Key, row => row.Html.ToString(), StringComparer.Ordinal);
        var order = part.Rows.Select(row => row.Key).ToArray();
        var changed = before is null || !_order[part.Id].AsSpan().SequenceEqual(order) || now.Any(row => before[row.Key] != row.Value);
        (_sent[part.Id], _order[part.Id]) = (now, order);
        if (!changed) return;

        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new() { Encoder = s_encoder }))
        {
            json.WriteStartObject();
            json.WriteString("part", part.Id);
            json.WriteStartArray("rows");
            foreach (var key in order)
            {
                json.WriteStartArray();
                json.WriteStringValue(key);
                if (before?.GetValueOrDefault(key) == now[key]) json.WriteNullValue();
                else json.WriteStringValue(now[key]);
                json.WriteEndArray();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        events.Append("data: ").Append(Encoding.UTF8.GetString(buffer.GetBuffer().AsSpan(0, (int)buffer.Length))).Append("\n\n");
    }
}
