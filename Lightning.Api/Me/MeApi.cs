using System.ComponentModel;
using System.Data;
using Lightning.Api.Access;
using Lightning.Api.Users;
using Lightning.Data;
using Lightning.Data.Notes;
using Lightning.Data.Rules;
using Lightning.Data.Users;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Api.Me;

/// <summary>The caller.</summary>
sealed record MeView(
    UserView User,
    [property: Description("What the caller may do at all, by kind of object and verb: for menus and buttons. Each object says what they may do to it.")]
    IReadOnlyDictionary<string, IReadOnlyDictionary<string, bool>> Can);

/// <summary>A note as its owner takes it along.</summary>
sealed record ExportedNote(Guid Id, string Title, string Body, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, DateTimeOffset? ArchivedAt, DateTimeOffset? PinnedAt);

/// <summary>A share that was given or received.</summary>
sealed record ExportedShare(Guid Id, Guid NoteId, string Address, bool CanEdit, DateTimeOffset CreatedAt);

/// <summary>All that the product keeps of a person. What Identity keeps, Identity exports.</summary>
sealed record Export(UserView User, IAsyncEnumerable<ExportedNote> Notes, IAsyncEnumerable<ExportedShare> SharesGiven, IAsyncEnumerable<ExportedShare> SharesReceived);

/// <summary>Oneself.</summary>
static class MeApi
{
    public static void MapMe(this IEndpointRouteBuilder app)
    {
        var me = app.MapOperations("/api/v1/me", "Me");
        me.MapGet("/", GetAsync).Requires<User>(Verb.Read).WithName("GetMe").WithSummary("Who the caller is, and what they may do.");
        me.MapGet("/export", ExportAsync).Requires<User>(Verb.Export).WithName("ExportMe").WithSummary("All that the product keeps of the caller, as it is read.");
    }

    static async Task<Results<Ok<MeView>, UnauthorizedHttpResult>> GetAsync(
        LightningDb db, UserPolicy users, NotePolicy notes, NoteSharePolicy shares, Actor actor, CancellationToken cancellationToken) =>
        await ReadAsync(db, users, actor, cancellationToken) is not { } user ? TypedResults.Unauthorized() : TypedResults.Ok(new MeView(user, new Dictionary<string, IReadOnlyDictionary<string, bool>>(StringComparer.Ordinal)
        {
            ["users"] = users.Possible(actor),
            ["notes"] = notes.Possible(actor),
            ["shares"] = shares.Possible(actor),
        }));

    static async Task<Results<Ok<Export>, UnauthorizedHttpResult>> ExportAsync(HttpResponse response, LightningDb db, UserPolicy users, Actor actor, CancellationToken cancellationToken)
    {
        // One moment's state, however long the reading takes: it is over when the answer has been written.
        response.RegisterForDisposeAsync(await db.Database.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken));
        if (await ReadAsync(db, users, actor, cancellationToken) is not { } user) return TypedResults.Unauthorized();
        response.Headers.ContentDisposition = "attachment; filename=\"lightning.json\"";
        // Row by row from the database to the wire: however much there is, none of it is held here.
        return TypedResults.Ok(new Export(user,
            Rows(db.Notes.Where(note => note.OwnerId == actor.UserId).OrderBy(note => note.Id)
                .Select(note => new ExportedNote(note.Id, note.Title, note.Body, note.CreatedAt, note.UpdatedAt, note.ArchivedAt, note.PinnedAt))),
            Shares(db.NoteShares.Where(share => share.Note!.OwnerId == actor.UserId)),
            Shares(db.NoteShares.Where(share => share.UserId == actor.UserId))));
    }

    static IAsyncEnumerable<ExportedShare> Shares(IQueryable<NoteShare> shares) => Rows(shares.OrderBy(share => share.Id)
        .Select(share => new ExportedShare(share.Id, share.NoteId, share.Address, share.CanEdit, share.CreatedAt)));

    /// <summary>Ends its reading after the last row, so that the next can begin; the serializer would keep it until it has written everything.</summary>
    static async IAsyncEnumerable<T> Rows<T>(IQueryable<T> rows)
    {
        await foreach (var row in rows.AsAsyncEnumerable()) yield return row;
    }

    /// <summary>The caller; null where they were removed a moment ago, and their sessions with them.</summary>
    static async Task<UserView?> ReadAsync(LightningDb db, UserPolicy policy, Actor actor, CancellationToken cancellationToken) =>
        await db.Users.AsNoTracking().Where(policy, actor, Verb.Read).Where(user => user.Id == actor.UserId).Guard(policy, actor).SingleOrDefaultAsync(cancellationToken) is { } found
            ? UserView.Of(found, policy, actor) : null;
}
