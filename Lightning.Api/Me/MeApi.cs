using System.ComponentModel;
using System.Data;
using Lightning.Api.Access;
using Lightning.Api.Users;
using Lightning.Authorization;
using Lightning.Data;
using Lightning.Data.Notes;
using Lightning.Data.Users;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Api.Me;

/// <summary>The authenticated user with their permissions.</summary>
sealed record MeView(
    UserView User,
    [property: Description(
        "What you are allowed to do in general, by object type and verb. The `can` property of an object says what "
            + "you are allowed to do with it."
    )]
        IReadOnlyDictionary<string, IReadOnlyDictionary<string, bool>> Can
);

/// <summary>A note in an export.</summary>
sealed record ExportedNote(
    Guid Id,
    string Title,
    string Body,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt,
    DateTimeOffset? ArchivedAt,
    DateTimeOffset? PinnedAt
);

/// <summary>A share in an export.</summary>
sealed record ExportedShare(Guid Id, Guid NoteId, string Address, bool CanEdit, DateTimeOffset CreatedAt);

/// <summary>All data of a user in this API. Identity exports the account.</summary>
sealed record Export(
    UserView User,
    IAsyncEnumerable<ExportedNote> Notes,
    IAsyncEnumerable<ExportedShare> SharesGiven,
    IAsyncEnumerable<ExportedShare> SharesReceived
);

/// <summary>The services of the endpoints for the authenticated user.</summary>
sealed record MeServices(LightningDb Db, UserPolicy Users, NotePolicy Notes, NoteSharePolicy Shares, Actor Actor);

/// <summary>The authenticated user.</summary>
static class MeApi
{
    public static void MapMe(this IEndpointRouteBuilder app)
    {
        var me = app.MapOperations("/api/v1/me", "Me");
        me.MapGet("/", GetAsync).Requires<User>(Verb.Read).WithName("GetMe").WithSummary("Get the authenticated user");
        me.MapGet("/export", ExportAsync)
            .Requires<User>(Verb.Export)
            .WithName("ExportMe")
            .WithSummary("Export the authenticated user's data");
    }

    static async Task<Results<Ok<MeView>, UnauthorizedHttpResult>> GetAsync(
        [AsParameters] MeServices services,
        CancellationToken cancellationToken
    ) =>
        await FindUserAsync(services.Db, services.Users, services.Actor, cancellationToken) is not { } user
            ? TypedResults.Unauthorized()
            : TypedResults.Ok(
                new MeView(
                    user,
                    new Dictionary<string, IReadOnlyDictionary<string, bool>>(StringComparer.Ordinal)
                    {
                        ["users"] = services.Users.Possible(services.Actor),
                        ["notes"] = services.Notes.Possible(services.Actor),
                        ["shares"] = services.Shares.Possible(services.Actor),
                    }
                )
            );

    static async Task<Results<Ok<Export>, UnauthorizedHttpResult>> ExportAsync(
        HttpResponse response,
        LightningDb db,
        UserPolicy users,
        Actor actor,
        CancellationToken cancellationToken
    )
    {
        // A snapshot for the whole export. The transaction ends when the response has been written.
        response.RegisterForDisposeAsync(
            await db.Database.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken)
        );
        if (await FindUserAsync(db, users, actor, cancellationToken) is not { } user)
            return TypedResults.Unauthorized();
        response.Headers.ContentDisposition = "attachment; filename=\"lightning.json\"";
        // Streamed row by row, so that memory use does not depend on the amount of data.
        return TypedResults.Ok(
            new Export(
                user,
                StreamAsync(
                    db.Notes.Where(note => note.OwnerId == actor.UserId && note.OrganizationId == null)
                        .OrderBy(note => note.Id)
                        .Select(note => new ExportedNote(
                            note.Id,
                            note.Title,
                            note.Body,
                            note.CreatedAt,
                            note.UpdatedAt,
                            note.ArchivedAt,
                            note.PinnedAt
                        ))
                ),
                ExportShares(db.NoteShares.Where(share => share.Note!.OwnerId == actor.UserId)),
                ExportShares(db.NoteShares.Where(share => share.UserId == actor.UserId))
            )
        );
    }

    static IAsyncEnumerable<ExportedShare> ExportShares(IQueryable<NoteShare> shares) =>
        StreamAsync(
            shares
                .OrderBy(share => share.Id)
                .Select(share => new ExportedShare(
                    share.Id,
                    share.NoteId,
                    share.Address,
                    share.CanEdit,
                    share.CreatedAt
                ))
        );

    /// <summary>
    /// Disposes the reader after the last row, so that the next query can start: the serializer would dispose it only
    /// at the end of the response.
    /// </summary>
    static async IAsyncEnumerable<T> StreamAsync<T>(IQueryable<T> rows)
    {
        await foreach (var row in rows.AsAsyncEnumerable())
            yield return row;
    }

    /// <summary>The authenticated user; null if the account was deleted a moment ago.</summary>
    static async Task<UserView?> FindUserAsync(
        LightningDb db,
        UserPolicy policy,
        Actor actor,
        CancellationToken cancellationToken
    ) =>
        await db
            .Users.AsNoTracking()
            .Where(policy, actor, Verb.Read)
            .Where(user => user.Id == actor.UserId)
            .WithGrants(policy, actor)
            .SingleOrDefaultAsync(cancellationToken)
            is { } found
            ? UserView.Create(found, policy, actor)
            : null;
}
