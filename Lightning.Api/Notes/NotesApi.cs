using Lightning.Data;
using Lightning.Data.Notes;
using Lightning.Data.Rules;
using Lightning.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Api.Notes;

/// <summary>Notes. What lies outside the caller's scope is 404, decided before anything else, and is the same answer as for what does not exist.</summary>
static class NotesApi
{
    public static RouteGroupBuilder MapNotes(this IEndpointRouteBuilder app)
    {
        var notes = app.MapGroup("/api/v1/notes").WithTags("Notes").RequireAuthorization();
        notes.MapGet("/", ListAsync).WithName("ListNotes").WithSummary("Lists one's notes, newest change first.")
            .ProducesValidationProblem();
        notes.MapPost("/", CreateAsync).WithName("CreateNote").WithSummary("Writes a note.")
            .ProducesValidationProblem();
        notes.MapGet("/{id:guid}", GetAsync).WithName("GetNote").WithSummary("Reads a note.")
            .Produces(StatusCodes.Status304NotModified).ProducesProblem(StatusCodes.Status404NotFound);
        notes.MapPut("/{id:guid}", UpdateAsync).WithName("UpdateNote").WithSummary("Replaces a note's title and text.")
            .ProducesValidationProblem().ProducesPreconditions();
        notes.MapDelete("/{id:guid}", DeleteAsync).WithName("DeleteNote").WithSummary("Deletes a note.")
            .ProducesPreconditions();
        notes.ProducesProblem(StatusCodes.Status401Unauthorized).ProducesProblem(StatusCodes.Status403Forbidden);
        return notes;
    }

    static async Task<Ok<NotePage>> ListAsync(
        [AsParameters] NoteListQuery query, HttpResponse response, LightningDb db, NotePolicy policy, Actor actor, CancellationToken cancellationToken)
    {
        var limit = query.Limit ?? NoteListQuery.DefaultLimit;
        // An administrator may read every note, but this is the list of one's own.
        var rows = db.Notes.AsNoTracking().Where(policy, actor, Verb.Read).Where(note => note.OwnerId == actor.UserId);
        if (NoteCursor.Read(query.After) is { } after)
            rows = rows.Where(note => EF.Functions.LessThan(ValueTuple.Create(note.UpdatedAt, note.Id), ValueTuple.Create(after.UpdatedAt, after.Id)));
        // One more than was asked for says whether there is a next page.
        var notes = await rows.OrderByDescending(note => note.UpdatedAt).ThenByDescending(note => note.Id)
            .Take(limit + 1).Guard(policy, actor).ToListAsync(cancellationToken);
        var next = notes.Count > limit ? NoteCursor.Of(notes[limit - 1].Row).ToString() : null;
        if (next is not null) response.Headers.Link = $"</api/v1/notes?limit={limit}&after={next}>; rel=\"next\"";
        return TypedResults.Ok(new NotePage([.. notes.Take(limit).Select(note => NoteView.Of(note, policy, actor))], next));
    }

    static async Task<Created<NoteView>> CreateAsync(
        NoteInput input, HttpResponse response, LightningDb db, NotePolicy policy, Actor actor, TimeProvider clock, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow().ToMicroseconds();
        var note = new Note { OwnerId = actor.UserId, Title = input.Title, Body = input.Body, CreatedAt = now, UpdatedAt = now };
        if (policy.Decide(actor, Verb.Create, note) is not true) throw new InvalidOperationException("A note that its writer may not write.");
        db.Notes.Add(note);
        await db.SaveChangesAsync(cancellationToken);
        var view = NoteView.Of(new Guarded<Note> { Row = note }, policy, actor);
        response.Headers.ETag = view.Etag;
        return TypedResults.Created($"/api/v1/notes/{note.Id}", view);
    }

    static async Task<Results<Ok<NoteView>, StatusCodeHttpResult, NotFound>> GetAsync(
        Guid id, HttpContext context, LightningDb db, NotePolicy policy, Actor actor, CancellationToken cancellationToken)
    {
        if (await FindAsync(id, Verb.Read, db.Notes.AsNoTracking(), policy, actor, cancellationToken) is not { } note) return TypedResults.NotFound();
        var view = NoteView.Of(note, policy, actor);
        context.Response.Headers.ETag = view.Etag;
        return Preconditions.IsKnown(context.Request, view.Etag) ? TypedResults.StatusCode(StatusCodes.Status304NotModified) : TypedResults.Ok(view);
    }

    static async Task<Results<Ok<NoteView>, NotFound, ForbidHttpResult, ProblemHttpResult>> UpdateAsync(
        Guid id, NoteInput input, [FromHeader(Name = "If-Match")] string? ifMatch, HttpContext context,
        LightningDb db, NotePolicy policy, Actor actor, TimeProvider clock, CancellationToken cancellationToken)
    {
        if (await FindAsync(id, Verb.Read, db.Notes, policy, actor, cancellationToken) is not { } found) return TypedResults.NotFound();
        var note = found.Row;
        if (!policy.May(actor, Verb.Update, found)) return TypedResults.Forbid();
        if (Preconditions.Refuse(ifMatch, NoteView.Tag(note)) is { } refusal) return refusal;
        (note.Title, note.Body, note.UpdatedAt) = (input.Title, input.Body, clock.GetUtcNow().ToMicroseconds());
        if (await Preconditions.SaveAsync(db, cancellationToken) is { } overtaken) return overtaken;
        var view = NoteView.Of(found, policy, actor);
        context.Response.Headers.ETag = view.Etag;
        return TypedResults.Ok(view);
    }

    static async Task<Results<NoContent, NotFound, ForbidHttpResult, ProblemHttpResult>> DeleteAsync(
        Guid id, [FromHeader(Name = "If-Match")] string? ifMatch, LightningDb db, NotePolicy policy, Actor actor, CancellationToken cancellationToken)
    {
        if (await FindAsync(id, Verb.Read, db.Notes, policy, actor, cancellationToken) is not { } found) return TypedResults.NotFound();
        var note = found.Row;
        if (!policy.May(actor, Verb.Delete, found)) return TypedResults.Forbid();
        if (Preconditions.Refuse(ifMatch, NoteView.Tag(note)) is { } refusal) return refusal;
        db.Notes.Remove(note);
        return await Preconditions.SaveAsync(db, cancellationToken) is { } overtaken ? overtaken : TypedResults.NoContent();
    }

    static Task<Guarded<Note>?> FindAsync(Guid id, Verb verb, IQueryable<Note> notes, NotePolicy policy, Actor actor, CancellationToken cancellationToken) =>
        notes.Where(policy, actor, verb).Where(note => note.Id == id).Guard(policy, actor).SingleOrDefaultAsync(cancellationToken);
}
