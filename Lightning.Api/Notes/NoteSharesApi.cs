using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Lightning.Api.Access;
using Lightning.Api.Idempotency;
using Lightning.Authorization;
using Lightning.Data.Notes;
using Lightning.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Lightning.Api.Notes;

/// <summary>The properties of a new share.</summary>
[Writes<NoteShare>(Verb.Create)]
public sealed record NoteShareInput
{
    /// <summary>The email address of the recipient.</summary>
    [Required(ErrorMessage = "Required.")]
    [StringLength(EmailAddress.MaxInputLength, ErrorMessage = "Must be at most {1} characters.")]
    [EmailAddressInput]
    [Description(
        "The email address of the recipient, with or without a name, such as Ada <ada@example.com>. The response does "
            + "not tell whether an account with this address exists. The recipient sees the note "
            + "once their account has this address verified."
    )]
    public required string Address
    {
        get;
        init => field = EmailAddress.Normalize(value);
    }

    /// <summary>Whether the recipient may edit the note.</summary>
    [Description("Whether the recipient may edit the title and the text.")]
    public bool CanEdit { get; init; }
}

/// <summary>The writable properties of a share.</summary>
[Writes<NoteShare>(Verb.Update)]
public sealed record NoteShareChange
{
    /// <summary>Whether the recipient may edit the note.</summary>
    [Description("Whether the recipient may edit the title and the text.")]
    public required bool CanEdit { get; init; }
}

/// <summary>A share. It does not tell whether an account with the address exists.</summary>
sealed record NoteShareView(
    Guid Id,
    Guid NoteId,
    [property: Description("The email address of the recipient.")] string Address,
    [property: Description("Whether the recipient may edit the title and the text.")] bool CanEdit,
    DateTimeOffset CreatedAt,
    [property: Description("The version of the share, for If-Match.")] string Etag,
    [property: Description("What you are allowed to do with the share, by verb.")] IReadOnlyDictionary<string, bool> Can
) : IVersioned
{
    public static NoteShareView Create(RowWithGrants<NoteShare> rowWithGrants, Policy<NoteShare> policy, Actor actor)
    {
        var share = rowWithGrants.Row;
        return new(
            share.Id,
            share.NoteId,
            share.Address,
            share.CanEdit,
            share.CreatedAt,
            ETag(share),
            policy.Can(actor, rowWithGrants)
        );
    }

    /// <summary>
    /// The entity tag. Not the row version, which would tell the owner when the recipient's account claims the share.
    /// </summary>
    public static string ETag(NoteShare share) => share.CanEdit ? "\"edit\"" : "\"read\"";
}

/// <summary>The shares of a note.</summary>
sealed record NoteShareList(IReadOnlyList<NoteShareView> Items);

/// <summary>Shares of notes.</summary>
static class NoteSharesApi
{
    /// <summary>The maximum number of shares per note.</summary>
    const int MaxShares = 1000;

    public static void MapNoteShares(this IEndpointRouteBuilder app)
    {
        var shares = app.MapOperations("/api/v1", "Shares");
        shares
            .MapGet("/notes/{id:guid}/shares", ListAsync)
            .Requires<Note>(Verb.Read)
            .WithName("ListShares")
            .WithSummary("List the shares of a note");
        shares
            .MapPost("/notes/{id:guid}/shares", CreateAsync)
            .Requires<Note>(Verb.Share)
            .Idempotent()
            .WithName("CreateShare")
            .WithSummary("Share a note")
            .ProducesProblem(StatusCodes.Status409Conflict);
        shares
            .MapGet("/shares/{id:guid}", Get)
            .Requires<NoteShare>(Verb.Read)
            .WithName("GetShare")
            .WithSummary("Get a share")
            .Produces(StatusCodes.Status304NotModified);
        shares
            .MapPut("/shares/{id:guid}", UpdateAsync)
            .Requires<NoteShare>(Verb.Update)
            .WithName("UpdateShare")
            .WithSummary("Update a share")
            .WithDescription("Changes whether the recipient may edit the note.")
            .ProducesPreconditions();
        shares
            .MapDelete("/shares/{id:guid}", DeleteAsync)
            .Requires<NoteShare>(Verb.Delete)
            .WithName("DeleteShare")
            .WithSummary("Delete a share")
            .WithDescription("Stops sharing the note. The owner and the recipient can both do this.")
            .ProducesPreconditions();
    }

    static async Task<Ok<NoteShareList>> ListAsync(
        RouteRow<Note> target,
        [AsParameters] ResourceContext<NoteShare> context
    )
    {
        var (http, db, policy, actor, _) = context;
        var shares = await db
            .NoteShares.AsNoTracking()
            .Where(policy, actor, Verb.Read)
            .Where(share => share.NoteId == target.Row.Id)
            .OrderBy(share => share.Id)
            .Take(MaxShares)
            .WithGrants(policy, actor)
            .ToListAsync(http.RequestAborted);
        return TypedResults.Ok(
            new NoteShareList([.. shares.Select(share => NoteShareView.Create(share, policy, actor))])
        );
    }

    static async Task<Results<Created<NoteShareView>, ValidationProblem, ProblemHttpResult>> CreateAsync(
        RouteRow<Note> target,
        NoteShareInput input,
        [AsParameters] ResourceContext<NoteShare> context
    )
    {
        var (http, db, policy, actor, _) = context;
        var cancellationToken = http.RequestAborted;
        var note = target.Row.Id;
        var address = NoteShare.Fold(input.Address);
        var ownAddress = await db
            .Users.Where(user => user.Id == actor.UserId)
            .Select(user => user.Email)
            .SingleOrDefaultAsync(cancellationToken);
        if (ownAddress is not null && NoteShare.Fold(EmailAddress.Normalize(ownAddress)) == address)
            return TypedResults.ValidationProblem(
                new Dictionary<string, string[]> { ["address"] = ["Must not be your own address."] }
            );
        if (await db.NoteShares.CountAsync(other => other.NoteId == note, cancellationToken) >= MaxShares)
            return Problem.TooManyShares.ToResult($"A note can have at most {MaxShares} shares.");
        // The unique index is the guarantee, but a violation is logged as an error.
        if (await db.NoteShares.AnyAsync(other => other.NoteId == note && other.Address == address, cancellationToken))
            return AlreadyShared();
        var share = new NoteShare
        {
            NoteId = note,
            Address = address,
            CanEdit = input.CanEdit,
            CreatedAt = context.Now(),
        };
        db.NoteShares.Add(share);
        try
        {
            if (await context.SaveAsync(Verb.Create, share) is { } problem)
                return problem;
        }
        catch (DbUpdateException ex)
            when (ex.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            return AlreadyShared();
        }
        var rowWithGrants = await db
            .NoteShares.AsNoTracking()
            .Where(created => created.Id == share.Id)
            .WithGrants(policy, actor)
            .SingleAsync(cancellationToken);
        var view = NoteShareView.Create(rowWithGrants, policy, actor);
        http.Response.Headers.ETag = view.Etag;
        return TypedResults.Created($"/api/v1/shares/{share.Id}", view);
    }

    static ProblemHttpResult AlreadyShared() =>
        Problem.AlreadyShared.ToResult("The note is already shared with this address.");

    static Results<Ok<NoteShareView>, StatusCodeHttpResult> Get(
        RouteRow<NoteShare> target,
        [AsParameters] ResourceContext<NoteShare> context
    ) => Versioned.Get(context.Http, NoteShareView.Create(target.WithGrants, context.Policy, context.Actor));

    static Task<Results<Ok<NoteShareView>, ProblemHttpResult>> UpdateAsync(
        RouteRow<NoteShare> target,
        NoteShareChange input,
        [FromHeader(Name = "If-Match")] string? ifMatch,
        [AsParameters] ResourceContext<NoteShare> context
    ) =>
        target.ChangeAsync(
            context,
            new RowChange<NoteShare>(Verb.Update, ifMatch, share => share.CanEdit = input.CanEdit),
            rowWithGrants => NoteShareView.Create(rowWithGrants, context.Policy, context.Actor)
        );

    static Task<Results<NoContent, ProblemHttpResult>> DeleteAsync(
        RouteRow<NoteShare> target,
        [FromHeader(Name = "If-Match")] string? ifMatch,
        [AsParameters] ResourceContext<NoteShare> context
    ) => target.DeleteAsync(context, NoteShareView.ETag(target.Row), ifMatch);
}
