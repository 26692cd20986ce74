using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Lightning.Api.Access;
using Lightning.Api.Idempotency;
using Lightning.Data;
using Lightning.Data.Notes;
using Lightning.Data.Rules;
using Lightning.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Lightning.Api.Notes;

/// <summary>With whom to share a note.</summary>
[Writes<NoteShare>(Verb.Create)]
public sealed record NoteShareInput
{
    /// <summary>The address.</summary>
    [Required(ErrorMessage = "An address is needed.")]
    [StringLength(NoteShare.AddressLength, ErrorMessage = "At most {1} characters.")]
    [EmailAddress(ErrorMessage = "No mail address.")]
    [Storable]
    [Description("The address of whom to share it with. Whether anybody here has it is not said: they see the note once they have proved that it is theirs.")]
    public required string Address { get; init; }

    /// <summary>Whether they may change it.</summary>
    [Description("Whether they may change title and text.")]
    public bool CanEdit { get; init; }
}

/// <summary>What a client may change of a share.</summary>
[Writes<NoteShare>(Verb.Update)]
public sealed record NoteShareChange
{
    /// <summary>Whether they may change the note.</summary>
    [Description("Whether they may change title and text.")]
    public required bool CanEdit { get; init; }
}

/// <summary>A share as a client sees it; it looks the same whether anybody has the address.</summary>
sealed record NoteShareView(Guid Id, Guid NoteId, string Address, bool CanEdit, DateTimeOffset CreatedAt, string Etag, IReadOnlyDictionary<string, bool> Can) : IVersioned
{
    public static NoteShareView Of(Guarded<NoteShare> guarded, NoteSharePolicy policy, Actor actor)
    {
        var share = guarded.Row;
        return new(share.Id, share.NoteId, share.Address, share.CanEdit, share.CreatedAt, Tag(share), policy.Can(actor, guarded));
    }

    /// <summary>Of what its giver can set alone: a tag of the row's version would tell them when somebody claims it.</summary>
    public static string Tag(NoteShare share) => share.CanEdit ? "\"edit\"" : "\"read\"";
}

/// <summary>A note's shares.</summary>
sealed record NoteShareList(IReadOnlyList<NoteShareView> Items);

/// <summary>Who else may see or change a note.</summary>
static class NoteSharesApi
{
    /// <summary>With how many addresses a note can be shared.</summary>
    const int Most = 1000;

    public static void MapNoteShares(this IEndpointRouteBuilder app)
    {
        var shares = app.MapOperations("/api/v1", "Shares");
        shares.MapGet("/notes/{id:guid}/shares", ListAsync).Requires<Note>(Verb.Read).WithName("ListShares").WithSummary("Lists with whom a note is shared, so far as the caller may see.");
        shares.MapPost("/notes/{id:guid}/shares", CreateAsync).Requires<Note>(Verb.Share).Idempotent().WithName("CreateShare").WithSummary("Shares a note with an address.")
            .ProducesProblem(StatusCodes.Status409Conflict);
        shares.MapGet("/shares/{id:guid}", Get).Requires<NoteShare>(Verb.Read).WithName("GetShare").WithSummary("Reads a share.")
            .Produces(StatusCodes.Status304NotModified);
        shares.MapPut("/shares/{id:guid}", UpdateAsync).Requires<NoteShare>(Verb.Update).WithName("UpdateShare").WithSummary("Says whether they may change the note.")
            .ProducesPreconditions();
        shares.MapDelete("/shares/{id:guid}", DeleteAsync).Requires<NoteShare>(Verb.Delete).WithName("DeleteShare").WithSummary("Takes a share back, or gives it back.")
            .ProducesPreconditions();
    }

    static async Task<Ok<NoteShareList>> ListAsync(Target<Note> target, LightningDb db, NoteSharePolicy policy, Actor actor, CancellationToken cancellationToken)
    {
        var shares = await db.NoteShares.AsNoTracking().Where(policy, actor, Verb.Read).Where(share => share.NoteId == target.Row.Id)
            .OrderBy(share => share.Id).Take(Most).Guard(policy, actor).ToListAsync(cancellationToken);
        return TypedResults.Ok(new NoteShareList([.. shares.Select(share => NoteShareView.Of(share, policy, actor))]));
    }

    static async Task<Results<Created<NoteShareView>, ValidationProblem, ProblemHttpResult>> CreateAsync(
        Target<Note> target, NoteShareInput input, HttpResponse response, LightningDb db, NoteSharePolicy policy, Actor actor, TimeProvider clock, CancellationToken cancellationToken)
    {
        var address = NoteShare.Fold(input.Address);
        if (await db.Users.Where(user => user.Id == actor.UserId).Select(user => user.Email).SingleOrDefaultAsync(cancellationToken) is { } own && NoteShare.Fold(own) == address)
            return TypedResults.ValidationProblem(new Dictionary<string, string[]> { ["address"] = ["That is your own."] });
        if (await db.NoteShares.CountAsync(other => other.NoteId == target.Row.Id, cancellationToken) >= Most)
            return Problem.TooManyShares.Answer($"A note is shared with {Most} addresses at most.");
        // The index refuses it too, but a refused statement is an error in the log.
        if (await db.NoteShares.AnyAsync(other => other.NoteId == target.Row.Id && other.Address == address, cancellationToken))
            return AlreadyShared();
        var share = new NoteShare { NoteId = target.Row.Id, Address = address, CanEdit = input.CanEdit, CreatedAt = clock.GetUtcNow().ToMicroseconds() };
        db.NoteShares.Add(share);
        try
        {
            if (await db.SaveAsync(policy, actor, Verb.Create, share, cancellationToken) is { } refusal) return refusal;
        }
        catch (DbUpdateException fault) when (fault.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            return AlreadyShared();
        }
        var guarded = await db.NoteShares.AsNoTracking().Where(made => made.Id == share.Id).Guard(policy, actor).SingleAsync(cancellationToken);
        var view = NoteShareView.Of(guarded, policy, actor);
        response.Headers.ETag = view.Etag;
        return TypedResults.Created($"/api/v1/shares/{share.Id}", view);
    }

    static ProblemHttpResult AlreadyShared() => Problem.SharedAlready.Answer("The note is shared with this address already.");

    static Results<Ok<NoteShareView>, StatusCodeHttpResult> Get(Target<NoteShare> target, HttpContext http, NoteSharePolicy policy, Actor actor) =>
        Versioned.Show(http, NoteShareView.Of(target.Guarded, policy, actor));

    static Task<Results<Ok<NoteShareView>, ProblemHttpResult>> UpdateAsync(
        Target<NoteShare> target, NoteShareChange input, [FromHeader(Name = "If-Match")] string? ifMatch, HttpContext http, LightningDb db, NoteSharePolicy policy, Actor actor) =>
        target.ChangeAsync(Verb.Update, share => share.CanEdit = input.CanEdit, guarded => NoteShareView.Of(guarded, policy, actor), ifMatch, http, db, policy, actor);

    static Task<Results<NoContent, ProblemHttpResult>> DeleteAsync(
        Target<NoteShare> target, [FromHeader(Name = "If-Match")] string? ifMatch, LightningDb db, CancellationToken cancellationToken) =>
        target.RemoveAsync(NoteShareView.Tag(target.Row), ifMatch, db, cancellationToken);
}
