using Lightning.Api.Access;
using Lightning.Api.Idempotency;
using Lightning.Data;
using Lightning.Data.Notes;
using Lightning.Data.Rules;
using Lightning.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Api.Notes;

/// <summary>Notes: one's own, and those that others share.</summary>
static class NotesApi
{
    public static void MapNotes(this IEndpointRouteBuilder app)
    {
        var notes = app.MapOperations("/api/v1/notes", "Notes");
        notes.MapGet("/", ListAsync).Requires<Note>(Verb.Read).WithName("ListNotes").WithSummary("Lists one's notes and those shared with one, newest change first.");
        notes.MapPost("/", CreateAsync).Requires<Note>(Verb.Create).Idempotent().WithName("CreateNote").WithSummary("Writes a note.");
        notes.MapGet("/{id:guid}", Get).Requires<Note>(Verb.Read).WithName("GetNote").WithSummary("Reads a note.")
            .Produces(StatusCodes.Status304NotModified);
        notes.MapPut("/{id:guid}", UpdateAsync).Requires<Note>(Verb.Update).WithName("UpdateNote").WithSummary("Replaces a note's title and text.")
            .ProducesPreconditions();
        notes.MapDelete("/{id:guid}", DeleteAsync).Requires<Note>(Verb.Delete).WithName("DeleteNote").WithSummary("Deletes a note.")
            .ProducesPreconditions();
        notes.MapPost("/archive", ArchiveAllAsync).Requires<Note>(Verb.Archive).Idempotent().WithName("ArchiveNotes").WithSummary("Puts several notes away, or takes them out again.")
            .ProducesProblem(StatusCodes.Status412PreconditionFailed);
        notes.MapPut("/{id:guid}/archived", (Target<Note> target, [FromHeader(Name = "If-Match")] string? ifMatch, HttpContext http, LightningDb db, NotePolicy policy, Actor actor, TimeProvider clock) =>
            ChangeAsync(target, Verb.Archive, note => note.ArchivedAt ??= Now(clock), ifMatch, http, db, policy, actor))
            .Requires<Note>(Verb.Archive).WithName("ArchiveNote").WithSummary("Puts a note away.").ProducesPreconditions();
        notes.MapDelete("/{id:guid}/archived", (Target<Note> target, [FromHeader(Name = "If-Match")] string? ifMatch, HttpContext http, LightningDb db, NotePolicy policy, Actor actor) =>
            ChangeAsync(target, Verb.Archive, note => note.ArchivedAt = null, ifMatch, http, db, policy, actor))
            .Requires<Note>(Verb.Archive).WithName("UnarchiveNote").WithSummary("Takes a note out again.").ProducesPreconditions();
        notes.MapPut("/{id:guid}/pinned", (Target<Note> target, [FromHeader(Name = "If-Match")] string? ifMatch, HttpContext http, LightningDb db, NotePolicy policy, Actor actor, TimeProvider clock) =>
            ChangeAsync(target, Verb.Pin, note => note.PinnedAt ??= Now(clock), ifMatch, http, db, policy, actor))
            .Requires<Note>(Verb.Pin).WithName("PinNote").WithSummary("Pins a note.").ProducesPreconditions();
        notes.MapDelete("/{id:guid}/pinned", (Target<Note> target, [FromHeader(Name = "If-Match")] string? ifMatch, HttpContext http, LightningDb db, NotePolicy policy, Actor actor) =>
            ChangeAsync(target, Verb.Pin, note => note.PinnedAt = null, ifMatch, http, db, policy, actor))
            .Requires<Note>(Verb.Pin).WithName("UnpinNote").WithSummary("Unpins a note.").ProducesPreconditions();
    }

    static async Task<Ok<NotePage>> ListAsync(
        [AsParameters] NoteListQuery query, HttpContext http, LightningDb db, NotePolicy policy, CompiledQueries queries, Actor actor, CancellationToken cancellationToken)
    {
        var limit = query.Limit ?? NoteListQuery.DefaultLimit;
        // One more than was asked for says whether there is a next page. An administrator may read every note, but this is the list of one's own.
        var found = query.Common is { } form && !actor.IsAdmin
            ? queries.RunAsync(db, policy, Verb.Read, new(actor, Guid.Empty), form, asked => query.First(db, policy, asked.Actor, limit).Guard(policy, asked.Actor))
            : query.First(db, policy, actor with { IsAdmin = false }, limit).Guard(policy, actor).AsAsyncEnumerable();
        var notes = await found.ToListAsync(cancellationToken);
        var next = notes.Count > limit ? query.Order.PlaceOf(notes[limit - 1].Row).ToString() : null;
        NextPage.Link(http, next);
        return TypedResults.Ok(new NotePage([.. notes.Take(limit).Select(note => NoteView.Of(note, policy, actor))], next));
    }

    static async Task<Results<Created<NoteView>, ProblemHttpResult>> CreateAsync(
        NoteInput input, HttpResponse response, LightningDb db, NotePolicy policy, Actor actor, TimeProvider clock, CancellationToken cancellationToken)
    {
        var now = Now(clock);
        var note = new Note { OwnerId = actor.UserId, Title = input.Title, Body = input.Body, CreatedAt = now, UpdatedAt = now };
        db.Notes.Add(note);
        if (await db.SaveAsync(policy, actor, Verb.Create, note, cancellationToken) is { } refusal) return refusal;
        var view = NoteView.Of(new Guarded<Note> { Row = note }, policy, actor);
        response.Headers.ETag = view.Etag;
        return TypedResults.Created($"/api/v1/notes/{note.Id}", view);
    }

    static Results<Ok<NoteView>, StatusCodeHttpResult> Get(Target<Note> target, HttpContext http, NotePolicy policy, Actor actor) =>
        Versioned.Show(http, NoteView.Of(target.Guarded, policy, actor));

    static Task<Results<Ok<NoteView>, ProblemHttpResult>> UpdateAsync(
        Target<Note> target, NoteInput input, [FromHeader(Name = "If-Match")] string? ifMatch, HttpContext http, LightningDb db, NotePolicy policy, Actor actor, TimeProvider clock) =>
        ChangeAsync(target, Verb.Update, note => (note.Title, note.Body, note.UpdatedAt) = (input.Title, input.Body, Now(clock)), ifMatch, http, db, policy, actor);

    static Task<Results<Ok<NoteView>, ProblemHttpResult>> ChangeAsync(
        Target<Note> target, Verb verb, Action<Note> change, string? ifMatch, HttpContext http, LightningDb db, NotePolicy policy, Actor actor) =>
        target.ChangeAsync(verb, change, guarded => NoteView.Of(guarded, policy, actor), ifMatch, http, db, policy, actor);

    static Task<Results<NoContent, ProblemHttpResult>> DeleteAsync(
        Target<Note> target, [FromHeader(Name = "If-Match")] string? ifMatch, LightningDb db, CancellationToken cancellationToken) =>
        target.RemoveAsync(Versioned.Tag(target.Row.Version), ifMatch, db, cancellationToken);

    static async Task<Results<Ok<ArchivedNotes>, ProblemHttpResult>> ArchiveAllAsync(
        ArchiveInput input, LightningDb db, NotePolicy policy, Actor actor, TimeProvider clock, CancellationToken cancellationToken)
    {
        var now = Now(clock);
        var notes = await db.Notes.Where(policy, actor, Verb.Archive).Where(note => input.Ids.Contains(note.Id)).OrderBy(note => note.Id).ToListAsync(cancellationToken);
        foreach (var note in notes) note.ArchivedAt = input.Archived ? note.ArchivedAt ?? now : null;
        return await Preconditions.SaveAsync(db, cancellationToken) is { } overtaken ? overtaken : TypedResults.Ok(new ArchivedNotes([.. notes.Select(note => note.Id)]));
    }

    static DateTimeOffset Now(TimeProvider clock) => clock.GetUtcNow().ToMicroseconds();
}
