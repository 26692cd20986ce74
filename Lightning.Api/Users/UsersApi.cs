using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Lightning.Api.Access;
using Lightning.Authorization;
using Lightning.Data.Users;
using Lightning.Sessions.Providers;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Api.Users;

/// <summary>The writable properties of a user.</summary>
[Writes<User>(Verb.Update)]
public sealed record UserInput
{
    /// <summary>The display name.</summary>
    [Required(ErrorMessage = "Required.")]
    [StringLength(User.NameLength, ErrorMessage = "Must be at most {1} characters.")]
    [RegularExpression(@"\P{Cc}*", ErrorMessage = "Must be a single line.")]
    [PersonName]
    [Storable]
    [Description("The display name.")]
    public required string Name { get; init; }
}

/// <summary>A user.</summary>
sealed record UserView(
    Guid Id,
    string Name,
    string Email,
    bool EmailVerified,
    bool IsAdmin,
    [property: Description("When the user was disabled (UTC); null if the user is active.")] DateTimeOffset? DisabledAt,
    DateTimeOffset CreatedAt,
    [property: Description("The version of the user, for If-Match.")] string Etag,
    [property: Description("What you are allowed to do with the user, by verb.")] IReadOnlyDictionary<string, bool> Can
) : IVersioned
{
    public static UserView Create(RowWithGrants<User> rowWithGrants, Policy<User> policy, Actor actor)
    {
        var user = rowWithGrants.Row;
        return new(
            user.Id,
            user.Name,
            user.Email,
            user.EmailVerified,
            user.IsAdmin,
            user.DisabledAt,
            user.CreatedAt,
            Versioned.ETag(user.Version),
            policy.Can(actor, rowWithGrants)
        );
    }
}

/// <summary>A page of users.</summary>
sealed record UserPage(
    IReadOnlyList<UserView> Items,
    [property: Description("The cursor of the next page, for `after`; null on the last page.")] Guid? Next
);

/// <summary>The query parameters of the user list.</summary>
public sealed record UserListQuery
{
    /// <summary>The default page size.</summary>
    internal const int DefaultLimit = 20;

    /// <summary>The page size.</summary>
    [Range(1, 100, ErrorMessage = "Must be between {1} and {2}.")]
    [DefaultValue(DefaultLimit)]
    [Description("The number of users per page.")]
    public int? Limit { get; init; }

    /// <summary>The cursor of the page.</summary>
    [Description("The cursor of the page: `next` of the previous page.")]
    public Guid? After { get; init; }
}

/// <summary>The endpoints for users. Callers see themselves only; administrators see all users.</summary>
static class UsersApi
{
    public static void MapUsers(this IEndpointRouteBuilder app)
    {
        var users = app.MapOperations("/api/v1/users", "Users");
        users.MapGet("/", ListAsync).Requires<User>(Verb.Read).WithName("ListUsers").WithSummary("List users");
        users
            .MapGet("/{id:guid}", Get)
            .Requires<User>(Verb.Read)
            .WithName("GetUser")
            .WithSummary("Get a user")
            .Produces(StatusCodes.Status304NotModified);
        users
            .MapPut("/{id:guid}", UpdateAsync)
            .Requires<User>(Verb.Update)
            .WithName("UpdateUser")
            .WithSummary("Update a user")
            .WithDescription("Changes the display name.")
            .ProducesPreconditions();
        users
            .MapDelete("/{id:guid}", DeleteAsync)
            .Requires<User>(Verb.Delete)
            .WithName("DeleteUser")
            .WithSummary("Delete a user")
            .WithDescription("Deletes the user, the account and all of its data. You cannot delete yourself.")
            .ProducesPreconditions();
    }

    static async Task<Ok<UserPage>> ListAsync(
        [AsParameters] UserListQuery query,
        [AsParameters] ResourceContext<User> context
    )
    {
        var (http, db, policy, actor, _) = context;
        var limit = query.Limit ?? UserListQuery.DefaultLimit;
        var rows = db.Users.AsNoTracking().Where(policy, actor, Verb.Read);
        if (query.After is { } after)
            rows = rows.Where(user => user.Id > after);
        // Reads one more row than the page, to know whether there is a next page.
        var users = await rows.OrderBy(user => user.Id)
            .Take(limit + 1)
            .WithGrants(policy, actor)
            .ToListAsync(http.RequestAborted);
        var next = users.Count > limit ? users[limit - 1].Row.Id : (Guid?)null;
        NextPage.Link(http, next?.ToString());
        return TypedResults.Ok(
            new UserPage([.. users.Take(limit).Select(user => UserView.Create(user, policy, actor))], next)
        );
    }

    static Results<Ok<UserView>, StatusCodeHttpResult> Get(
        RouteRow<User> target,
        [AsParameters] ResourceContext<User> context
    ) => Versioned.Get(context.Http, UserView.Create(target.WithGrants, context.Policy, context.Actor));

    static Task<Results<Ok<UserView>, ProblemHttpResult>> UpdateAsync(
        RouteRow<User> target,
        UserInput input,
        [FromHeader(Name = "If-Match")] string? ifMatch,
        [AsParameters] ResourceContext<User> context
    ) =>
        target.ChangeAsync(
            context,
            new RowChange<User>(Verb.Update, ifMatch, user => user.Name = input.Name),
            rowWithGrants => UserView.Create(rowWithGrants, context.Policy, context.Actor)
        );

    static async Task<Results<NoContent, ProblemHttpResult>> DeleteAsync(
        RouteRow<User> target,
        [FromHeader(Name = "If-Match")] string? ifMatch,
        [AsParameters] ResourceContext<User> context
    )
    {
        if (Preconditions.Check(ifMatch, Versioned.ETag(target.Row.Version)) is { } failed)
            return failed;
        var (http, db, _, _, _) = context;
        await using var transaction = await WriteTransaction.BeginAsync(db, http.RequestAborted);
        // The function also deletes the account in Identity's schema, which this service's database role cannot
        // access. It checks the permission again.
        var deleted = await db
            .Database.SqlQuery<bool>($"""SELECT app.remove_user({target.Row.Id}) AS "Value" """)
            .ToListAsync(http.RequestAborted);
        if (!deleted.Single())
            return Preconditions.VersionConflict();
        context.Audit("user.deleted", "user", target.Row.Id);
        await db.SaveChangesAsync(http.RequestAborted);
        await transaction.CommitAsync();
        return TypedResults.NoContent();
    }
}
