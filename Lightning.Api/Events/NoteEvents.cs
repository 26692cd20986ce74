using System.ComponentModel;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using Lightning.Api.Access;
using Lightning.Data;
using Lightning.Data.Notes;
using Lightning.Data.Rules;
using Lightning.ServiceDefaults;
using Lightning.Sessions.Gate;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Api.Events;

/// <summary>What an event is about.</summary>
sealed record NoteEvent([property: Description("The note's id; null where the event is about none.")] Guid? Id, [property: Description("Its version now; null where the caller cannot see it any more.")] string? Etag);

/// <summary>
/// Changes of the caller's notes, and of those shared with them, as they happen: <c>changed</c>, <c>gone</c>, <c>anything</c> (read the list anew) and, when
/// nothing happens, <c>beat</c>. Each event is what the caller's own scope says at that moment. When the session ends, so does the stream.
/// </summary>
static class NoteEvents
{
    static readonly TimeSpan Look = TimeSpan.FromSeconds(1), Beat = TimeSpan.FromSeconds(15);

    public static void MapNoteEvents(this IEndpointRouteBuilder app) => app.MapOperations("/api/v1/notes", "Notes").MapGet("/events",
            // No typed result: its metadata would describe the framework's own envelope, and what is sent is the event alone.
            IResult (HttpContext http, NoteFeed feed, IServiceScopeFactory scopes, NotePolicy policy, Actor actor, TimeProvider clock, IHostApplicationLifetime lifetime) =>
                TypedResults.ServerSentEvents(ReadAsync(http, feed, scopes, policy, actor, clock, lifetime.ApplicationStopping, http.RequestAborted)))
        .Requires<Note>(Verb.Read).WithName("ListenToNotes").WithSummary("Tells of changes to the caller's notes and those shared with them, as server-sent events.")
        .Produces<NoteEvent>(StatusCodes.Status200OK, "text/event-stream");

    static async IAsyncEnumerable<SseItem<NoteEvent>> ReadAsync(
        HttpContext http, NoteFeed feed, IServiceScopeFactory scopes, NotePolicy policy, Actor actor, TimeProvider clock, CancellationToken stopping,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // A service that stops does not wait for those who listen; they come back to another replica.
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, stopping);
        using var subscription = feed.Subscribe(actor.UserId);
        // Whoever hears this first has missed nothing since: the stream is open, and what they read from now on is kept up to date.
        yield return Item("anything", null, null);
        var (told, heard) = (subscription.WaitAsync(end.Token), clock.GetTimestamp());
        while (!end.IsCancellationRequested)
        {
            await Task.WhenAny(told, Task.Delay(Look, clock, end.Token));
            if (end.IsCancellationRequested || !await MayGoOnAsync(http, cancellationToken)) yield break;
            if (told.IsCompleted)
            {
                var notes = subscription.Take();
                if (notes.Contains(NoteFeed.Anything)) yield return Item("anything", null, null);
                else
                {
                    var seen = await SeenAsync(scopes, policy, actor, notes, cancellationToken);
                    foreach (var note in notes) yield return seen.TryGetValue(note, out var tag) ? Item("changed", note, tag) : Item("gone", note, null);
                }
                (told, heard) = (subscription.WaitAsync(end.Token), clock.GetTimestamp());
            }
            else if (clock.GetElapsedTime(heard) >= Beat)
            {
                yield return Item("beat", null, null);
                heard = clock.GetTimestamp();
            }
        }
    }

    /// <summary>Ended where nobody can say whether the session lives: the client comes back, and is let in or not.</summary>
    static async ValueTask<bool> MayGoOnAsync(HttpContext http, CancellationToken cancellationToken)
    {
        try
        {
            return await http.MayGoOnAsync(cancellationToken);
        }
        catch (Exception fault) when (Problems.IsDatabaseAway(fault))
        {
            return false;
        }
    }

    /// <summary>
    /// Those of them that the caller may see, with their entity tags: asked anew each time, in one query, and by a connection that is given back at once. A stream holds none.
    /// </summary>
    static async Task<Dictionary<Guid, string>> SeenAsync(IServiceScopeFactory scopes, NotePolicy policy, Actor actor, IReadOnlyCollection<Guid> ids, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<LightningDb>().Notes.AsNoTracking().Where(policy, actor with { IsAdmin = false }, Verb.Read)
            .Where(note => ids.Contains(note.Id)).Select(note => new { note.Id, note.Version }).ToDictionaryAsync(note => note.Id, note => Versioned.Tag(note.Version), cancellationToken);
    }

    static SseItem<NoteEvent> Item(string kind, Guid? id, string? etag) => new(new NoteEvent(id, etag), kind);
}
