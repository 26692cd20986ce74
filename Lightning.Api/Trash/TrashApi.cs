using System.ComponentModel;
using Lightning.Api.Access;
using Lightning.Api.Idempotency;
using Lightning.Api.Notes;
using Lightning.Authorization;
using Lightning.Data.Notes;
using Lightning.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Api.Trash;

/// <summary>The caller's deleted notes.</summary>
static class TrashApi
{
    public static IServiceCollection AddTrash(this IServiceCollection services) =>
        services.AddSingleton(
            new Purge(
                DeletedNote.Lifetime,
                (db, before, most, cancellationToken) => db.PurgeDeletedNotesAsync(before, most, cancellationToken)
            )
        );

    public static void MapTrash(this IEndpointRouteBuilder app)
    {
        var trash = app.MapOperations("/api/v1/notes", "Trash");
        trash
            .MapGet("/trash", ListAsync)
            .Requires<DeletedNote>(Verb.Read)
            .WithName("ListTrash")
            .WithSummary("List deleted notes")
            .WithDescription("Returns the notes that were deleted in the last 30 days, most recently deleted first.")
            .ProducesProblem(StatusCodes.Status404NotFound);
        trash
            .MapPost("/{id:guid}/restore", RestoreAsync)
            // Before the rule: a retry no longer finds the note in the trash.
            .Idempotent()
            .Requires<DeletedNote>(Verb.Restore)
            .WithName("RestoreNote")
            .WithSummary("Restore a deleted note")
            .WithDescription("Moves the note out of the trash, with its shares.");
        trash
            .MapDelete("/trash/{id:guid}", DeleteAsync)
            .Requires<DeletedNote>(Verb.Delete)
            .WithName("DeleteNotePermanently")
            .WithSummary("Delete a note permanently")
            .WithDescription("Removes the note from the trash. This cannot be undone.")
            .ProducesPreconditions();
    }

    static async Task<Results<Ok<TrashPage>, StatusCodeHttpResult>> ListAsync(
        [AsParameters] TimePageQuery query,
        [Description("The id of an organization, to list its notes; else your own.")] Guid? organization,
        [AsParameters] ResourceContext<DeletedNote> context
    )
    {
        var (http, db, policy, actor, _) = context;
        if (context.IsOutside(organization))
            return TypedResults.StatusCode(StatusCodes.Status404NotFound);
        var scope = policy.Alternative(
            actor,
            Verb.Read,
            organization is null ? DeletedNotePolicy.Owner : DeletedNotePolicy.Member
        );
        var rows = scope.Apply(db.DeletedNotes.AsNoTracking());
        if (organization is not null)
            rows = rows.Where(note => note.OrganizationId == organization);
        if (TimeCursor.Parse(query.After) is var (deletedAt, last))
            rows = rows.Where(note =>
                EF.Functions.LessThan(ValueTuple.Create(note.DeletedAt, note.Id), ValueTuple.Create(deletedAt, last))
            );
        var notes = await rows.OrderByDescending(note => note.DeletedAt)
            .ThenByDescending(note => note.Id)
            .Take(query.Size + 1)
            .WithGrants(policy, actor)
            .ToListAsync(http.RequestAborted);
        var next = query.Next(http, notes, note => new(note.Row.DeletedAt, note.Row.Id));
        return TypedResults.Ok(
            new TrashPage([.. notes.Take(query.Size).Select(note => DeletedNoteView.Create(note, policy, actor))], next)
        );
    }

    static async Task<Results<Ok<NoteView>, ProblemHttpResult>> RestoreAsync(
        RouteRow<DeletedNote> target,
        [AsParameters] ResourceContext<DeletedNote> context,
        NotePolicy notes
    )
    {
        var (http, db, _, actor, _) = context;
        var id = target.Row.Id;
        await using var transaction = await WriteTransaction.BeginAsync(db, http.RequestAborted);
        // False after a concurrent request or the cleanup.
        if (!await db.RestoreNoteAsync(id, http.RequestAborted))
            return Problem.NotFound.ToResult("The note is no longer in the trash.");
        context.Audit("note.restored", "note", id);
        await db.SaveChangesAsync(http.RequestAborted);
        var restored = await db
            .Notes.AsNoTracking()
            .Where(note => note.Id == id)
            .WithGrants(notes, actor)
            .SingleAsync(http.RequestAborted);
        await transaction.CommitAsync();
        var view = NoteView.Create(restored, notes, actor);
        http.Response.Headers.ETag = view.Etag;
        return TypedResults.Ok(view);
    }

    static Task<Results<NoContent, ProblemHttpResult>> DeleteAsync(
        RouteRow<DeletedNote> target,
        [FromHeader(Name = "If-Match")] string? ifMatch,
        [AsParameters] ResourceContext<DeletedNote> context
    ) => target.DeleteAsync(context, DeletedNoteView.ETag(target.Row), ifMatch);
}
