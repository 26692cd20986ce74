using System.ComponentModel;
using Lightning.Api.Access;
using Lightning.Api.Idempotency;
using Lightning.Authorization;
using Lightning.Data.Notes;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Api.Notes;

/// <summary>Notes: the caller's own and those shared with them.</summary>
static class NotesApi
{
    public static void MapNotes(this IEndpointRouteBuilder app)
    {
        var notes = app.MapOperations("/api/v1/notes", "Notes");
        notes
            .MapGet("/", ListAsync)
            .Requires<Note>(Verb.Read)
            .WithName("ListNotes")
            .WithSummary("List notes")
            .WithDescription(
                "Returns your notes and the notes shared with you, or those of an organization, most recently updated "
                    + "first."
            )
            .ProducesProblem(StatusCodes.Status404NotFound);
        notes
            .MapPost("/", CreateAsync)
            .Requires<Note>(Verb.Create)
            .Idempotent()
            .WithName("CreateNote")
            .WithSummary("Create a note")
            .ProducesProblem(StatusCodes.Status404NotFound);
        notes
            .MapGet("/{id:guid}", Get)
            .Requires<Note>(Verb.Read)
            .WithName("GetNote")
            .WithSummary("Get a note")
            .Produces(StatusCodes.Status304NotModified);
        notes
            .MapPut("/{id:guid}", UpdateAsync)
            .Requires<Note>(Verb.Update)
            .WithName("UpdateNote")
            .WithSummary("Update a note")
            .WithDescription("Replaces the title and the text.")
            .ProducesPreconditions();
        notes
            .MapDelete("/{id:guid}", DeleteAsync)
            .Requires<Note>(Verb.Delete)
            .WithName("DeleteNote")
            .WithSummary("Delete a note")
            .WithDescription("Moves the note to the trash, where it is kept for 30 days.")
            .ProducesPreconditions();
        notes
            .MapPost("/archive", ArchiveManyAsync)
            .Requires<Note>(Verb.Archive)
            .Idempotent()
            .WithName("ArchiveNotes")
            .WithSummary("Archive or unarchive notes")
            .ProducesProblem(StatusCodes.Status412PreconditionFailed);
        notes
            .MapPut("/{id:guid}/archived", ArchiveAsync)
            .Requires<Note>(Verb.Archive)
            .WithName("ArchiveNote")
            .WithSummary("Archive a note")
            .ProducesPreconditions();
        notes
            .MapDelete("/{id:guid}/archived", UnarchiveAsync)
            .Requires<Note>(Verb.Archive)
            .WithName("UnarchiveNote")
            .WithSummary("Unarchive a note")
            .ProducesPreconditions();
        notes
            .MapPut("/{id:guid}/pinned", PinAsync)
            .Requires<Note>(Verb.Pin)
            .WithName("PinNote")
            .WithSummary("Pin a note")
            .ProducesPreconditions();
        notes
            .MapDelete("/{id:guid}/pinned", UnpinAsync)
            .Requires<Note>(Verb.Pin)
            .WithName("UnpinNote")
            .WithSummary("Unpin a note")
            .ProducesPreconditions();
    }

    static async Task<Results<Ok<NotePage>, StatusCodeHttpResult>> ListAsync(
        [AsParameters] NoteListQuery query,
        [AsParameters] ResourceContext<Note> context,
        CompiledQueries queries
    )
    {
        var (http, db, policy, actor, _) = context;
        var limit = query.Limit ?? NoteListQuery.DefaultLimit;
        var organization = query.Organization ?? Guid.Empty;
        if (context.IsOutside(query.Organization))
            return TypedResults.StatusCode(StatusCodes.Status404NotFound);
        // Administrators may read all notes, but the list has only their own and those shared with them.
        var found =
            query.CompiledKey is { } key && !actor.IsAdmin
                ? queries.RunAsync(
                    db,
                    new PolicyQuery<Note, RowWithGrants<Note>>(
                        policy,
                        Verb.Read,
                        key,
                        arguments => query.Apply(db, policy, arguments, limit).WithGrants(policy, arguments.Actor)
                    ),
                    new(actor, organization)
                )
                : query
                    .Apply(db, policy, new(actor with { IsAdmin = false }, organization), limit)
                    .WithGrants(policy, actor)
                    .AsAsyncEnumerable();
        var notes = await found.ToListAsync(http.RequestAborted);
        var next = notes.Count > limit ? query.Order.CursorOf(notes[limit - 1].Row).ToString() : null;
        NextPage.Link(http, next);
        return TypedResults.Ok(
            new NotePage([.. notes.Take(limit).Select(note => NoteView.Create(note, policy, actor))], next)
        );
    }

    static async Task<Results<Created<NoteView>, StatusCodeHttpResult, ProblemHttpResult>> CreateAsync(
        NoteInput input,
        [Description("The id of the organization that the note shall belong to; else it is yours.")] Guid? organization,
        [AsParameters] ResourceContext<Note> context
    )
    {
        if (context.IsOutside(organization))
            return TypedResults.StatusCode(StatusCodes.Status404NotFound);
        var now = context.Now();
        var note = new Note
        {
            OwnerId = context.Actor.UserId,
            OrganizationId = organization,
            Title = input.Title,
            Body = input.Body,
            CreatedAt = now,
            UpdatedAt = now,
        };
        context.Db.Notes.Add(note);
        if (await context.SaveAsync(Verb.Create, note) is { } problem)
            return problem;
        var view = NoteView.Create(new RowWithGrants<Note> { Row = note }, context.Policy, context.Actor);
        context.Http.Response.Headers.ETag = view.Etag;
        return TypedResults.Created($"/api/v1/notes/{note.Id}", view);
    }

    static Results<Ok<NoteView>, StatusCodeHttpResult> Get(
        RouteRow<Note> target,
        [AsParameters] ResourceContext<Note> context
    ) => Versioned.Get(context.Http, NoteView.Create(target.WithGrants, context.Policy, context.Actor));

    static Task<Results<Ok<NoteView>, ProblemHttpResult>> UpdateAsync(
        RouteRow<Note> target,
        NoteInput input,
        [FromHeader(Name = "If-Match")] string? ifMatch,
        [AsParameters] ResourceContext<Note> context
    ) =>
        ChangeAsync(
            target,
            context,
            new RowChange<Note>(
                Verb.Update,
                ifMatch,
                note =>
                {
                    note.Title = input.Title;
                    note.Body = input.Body;
                    note.UpdatedAt = context.Now();
                }
            )
        );

    static Task<Results<NoContent, ProblemHttpResult>> DeleteAsync(
        RouteRow<Note> target,
        [FromHeader(Name = "If-Match")] string? ifMatch,
        [AsParameters] ResourceContext<Note> context
    ) => target.DeleteAsync(context, Versioned.ETag(target.Row.Version), ifMatch);

    static Task<Results<Ok<NoteView>, ProblemHttpResult>> ArchiveAsync(
        RouteRow<Note> target,
        [FromHeader(Name = "If-Match")] string? ifMatch,
        [AsParameters] ResourceContext<Note> context
    ) => ChangeAsync(target, context, new(Verb.Archive, ifMatch, note => note.ArchivedAt ??= context.Now()));

    static Task<Results<Ok<NoteView>, ProblemHttpResult>> UnarchiveAsync(
        RouteRow<Note> target,
        [FromHeader(Name = "If-Match")] string? ifMatch,
        [AsParameters] ResourceContext<Note> context
    ) => ChangeAsync(target, context, new(Verb.Archive, ifMatch, note => note.ArchivedAt = null));

    static Task<Results<Ok<NoteView>, ProblemHttpResult>> PinAsync(
        RouteRow<Note> target,
        [FromHeader(Name = "If-Match")] string? ifMatch,
        [AsParameters] ResourceContext<Note> context
    ) => ChangeAsync(target, context, new(Verb.Pin, ifMatch, note => note.PinnedAt ??= context.Now()));

    static Task<Results<Ok<NoteView>, ProblemHttpResult>> UnpinAsync(
        RouteRow<Note> target,
        [FromHeader(Name = "If-Match")] string? ifMatch,
        [AsParameters] ResourceContext<Note> context
    ) => ChangeAsync(target, context, new(Verb.Pin, ifMatch, note => note.PinnedAt = null));

    static Task<Results<Ok<NoteView>, ProblemHttpResult>> ChangeAsync(
        RouteRow<Note> target,
        ResourceContext<Note> context,
        RowChange<Note> change
    ) =>
        target.ChangeAsync(
            context,
            change,
            rowWithGrants => NoteView.Create(rowWithGrants, context.Policy, context.Actor)
        );

    static async Task<Results<Ok<ArchivedNotes>, ProblemHttpResult>> ArchiveManyAsync(
        ArchiveInput input,
        [AsParameters] ResourceContext<Note> context
    )
    {
        var now = context.Now();
        var cancellationToken = context.Http.RequestAborted;
        var notes = await context
            .Db.Notes.Where(context.Policy, context.Actor, Verb.Archive)
            .Where(note => input.Ids.Contains(note.Id))
            .OrderBy(note => note.Id)
            .ToListAsync(cancellationToken);
        foreach (var note in notes)
            note.ArchivedAt = input.Archived ? note.ArchivedAt ?? now : null;
        return await Preconditions.SaveAsync(context.Db, cancellationToken) is { } conflict
            ? conflict
            : TypedResults.Ok(new ArchivedNotes([.. notes.Select(note => note.Id)]));
    }
}
