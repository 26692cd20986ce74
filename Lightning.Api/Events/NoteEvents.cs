using System.ComponentModel;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using Lightning.Api.Access;
using Lightning.Authorization;
using Lightning.Data;
using Lightning.Data.Notes;
using Lightning.ServiceDefaults;
using Lightning.Sessions.Bearer;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Api.Events;

/// <summary>The data of an event.</summary>
sealed record NoteEvent(
    [property: Description("The id of the note; null if the event is not about one note.")] Guid? Id,
    [property: Description("The current ETag of the note; null if you can no longer see it.")] string? Etag
);

/// <summary>The services of the event stream.</summary>
sealed record NoteEventServices(
    NoteFeed Feed,
    IServiceScopeFactory Scopes,
    NotePolicy Policy,
    Actor Actor,
    TimeProvider Clock,
    IHostApplicationLifetime Lifetime
);

/// <summary>
/// Server-sent events for the caller's notes, those shared with them and those of their organizations: <c>changed</c>,
/// <c>gone</c>, <c>anything</c> (events may have been missed: reload the list) and the heartbeat <c>beat</c>. Each
/// event is authorized when it is sent. The stream ends with the session.
/// </summary>
static class NoteEvents
{
    static readonly TimeSpan AuthorizationInterval = TimeSpan.FromSeconds(1);
    static readonly TimeSpan HeartbeatInterval = TimeSpan.FromSeconds(15);

    public static void MapNoteEvents(this IEndpointRouteBuilder app) =>
        app.MapOperations("/api/v1/notes", "Notes")
            .MapGet(
                "/events",
                // IResult: the metadata of the typed result would describe SseItem<T> instead of its data.
                IResult (HttpContext http, [AsParameters] NoteEventServices services) =>
                {
                    http.CountAsStream();
                    return TypedResults.ServerSentEvents(ReadAsync(http, services, http.RequestAborted));
                }
            )
            .Requires<Note>(Verb.Read)
            .WithName("ListenToNotes")
            .WithSummary("Stream note events")
            .WithDescription(
                "Streams changes to your notes, the notes shared with you and those of your organizations as "
                    + "server-sent events: `changed`, `gone`, `anything` (events may have been missed: reload the "
                    + "list) and the heartbeat `beat`."
            )
            .Produces<NoteEvent>(StatusCodes.Status200OK, "text/event-stream");

    static async IAsyncEnumerable<SseItem<NoteEvent>> ReadAsync(
        HttpContext http,
        NoteEventServices services,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        var clock = services.Clock;
        // A stopping service ends its streams at once; clients reconnect to another replica.
        using var end = CancellationTokenSource.CreateLinkedTokenSource(
            cancellationToken,
            services.Lifetime.ApplicationStopping
        );
        using var subscription = services.Feed.Subscribe([services.Actor.UserId, .. services.Actor.MemberOf]);
        // The client loads the list on this event: from here on it misses no change.
        yield return Event("anything", null, null);
        var notified = subscription.WaitAsync(end.Token);
        var lastSent = clock.GetTimestamp();
        while (!end.IsCancellationRequested)
        {
            await Task.WhenAny(notified, Task.Delay(AuthorizationInterval, clock, end.Token));
            if (end.IsCancellationRequested || !await IsAuthorizedAsync(http, cancellationToken))
                yield break;
            if (notified.IsCompleted)
            {
                var notes = subscription.Take();
                if (notes.Contains(NoteFeed.AllNotes))
                    yield return Event("anything", null, null);
                else
                {
                    var visible = await FindVisibleAsync(services, notes, cancellationToken);
                    foreach (var note in notes)
                        yield return visible.TryGetValue(note, out var etag)
                            ? Event("changed", note, etag)
                            : Event("gone", note, null);
                }
                notified = subscription.WaitAsync(end.Token);
                lastSent = clock.GetTimestamp();
            }
            else if (clock.GetElapsedTime(lastSent) >= HeartbeatInterval)
            {
                yield return Event("beat", null, null);
                lastSent = clock.GetTimestamp();
            }
        }
    }

    /// <summary>
    /// Whether the session is still active; false if the database is unavailable: the client then reconnects.
    /// </summary>
    static async ValueTask<bool> IsAuthorizedAsync(HttpContext http, CancellationToken cancellationToken)
    {
        try
        {
            return await http.IsStillAuthorizedAsync(cancellationToken);
        }
        catch (Exception ex) when (Problems.IsDatabaseUnavailable(ex))
        {
            return false;
        }
    }

    /// <summary>
    /// The ETags of the notes that the caller may see. A scope per query: an open stream must not hold a connection.
    /// </summary>
    static async Task<Dictionary<Guid, string>> FindVisibleAsync(
        NoteEventServices services,
        IReadOnlyCollection<Guid> ids,
        CancellationToken cancellationToken
    )
    {
        await using var scope = services.Scopes.CreateAsyncScope();
        return await scope
            .ServiceProvider.GetRequiredService<LightningDb>()
            .Notes.AsNoTracking()
            .Where(services.Policy, services.Actor with { IsAdmin = false }, Verb.Read)
            .Where(note => ids.Contains(note.Id))
            .Select(note => new { note.Id, note.Version })
            .ToDictionaryAsync(note => note.Id, note => Versioned.ETag(note.Version), cancellationToken);
    }

    static SseItem<NoteEvent> Event(string type, Guid? id, string? etag) => new(new NoteEvent(id, etag), type);
}
