using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Lightning.Api.Access;
using Lightning.Data;
using Lightning.Data.Audit;
using Lightning.Data.Rules;
using Lightning.Data.Users;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Api.Users;

/// <summary>What a client may write of a user.</summary>
[Writes<User>(Verb.Update)]
public sealed record UserInput
{
    /// <summary>What the person wants to be called.</summary>
    [Required(ErrorMessage = "A name is needed.")]
    [StringLength(User.NameLength, ErrorMessage = "At most {1} characters.")]
    [RegularExpression(@"\P{Cc}*", ErrorMessage = "In one line.")]
    [Storable]
    [Description("What the person wants to be called.")]
    public required string Name { get; init; }
}

/// <summary>A user as a client sees them.</summary>
sealed record UserView(
    Guid Id, string Name, string Email, bool EmailVerified, bool IsAdmin, DateTimeOffset? DisabledAt, DateTimeOffset CreatedAt,
    [property: Description("The user's version, to be sent as If-Match.")] string Etag,
    [property: Description("What the caller may do, by verb.")] IReadOnlyDictionary<string, bool> Can) : IVersioned
{
    public static UserView Of(Guarded<User> guarded, UserPolicy policy, Actor actor)
    {
        var user = guarded.Row;
        return new(user.Id, user.Name, user.Email, user.EmailVerified, user.IsAdmin, user.DisabledAt, user.CreatedAt, Versioned.Tag(user.Version), policy.Can(actor, guarded));
    }
}

/// <summary>A page of users.</summary>
sealed record UserPage(IReadOnlyList<UserView> Items, [property: Description("To be sent as `after` for the next page; null on the last one.")] Guid? Next);

/// <summary>Which users to list.</summary>
public sealed record UserListQuery
{
    /// <summary>How many where the caller does not say.</summary>
    internal const int DefaultLimit = 20;

    /// <summary>How many.</summary>
    [Range(1, 100, ErrorMessage = "Between {1} and {2}.")]
    [DefaultValue(DefaultLimit)]
    public int? Limit { get; init; }

    /// <summary>Where to go on.</summary>
    [Description("The `next` of the page before.")]
    public Guid? After { get; init; }
}

/// <summary>People: oneself; for administrators, everybody.</summary>
static class UsersApi
{
    public static void MapUsers(this IEndpointRouteBuilder app)
    {
        var users = app.MapOperations("/api/v1/users", "Users");
        users.MapGet("/", ListAsync).Requires<User>(Verb.Read).WithName("ListUsers").WithSummary("Lists the users whom the caller may see, in order of their keys.");
        users.MapGet("/{id:guid}", Get).Requires<User>(Verb.Read).WithName("GetUser").WithSummary("Reads a user.")
            .Produces(StatusCodes.Status304NotModified);
        users.MapPut("/{id:guid}", UpdateAsync).Requires<User>(Verb.Update).WithName("UpdateUser").WithSummary("Renames a user.")
            .ProducesPreconditions();
        users.MapDelete("/{id:guid}", DeleteAsync).Requires<User>(Verb.Delete).WithName("DeleteUser").WithSummary("Removes a user with all that is theirs. Nobody removes themself here.")
            .ProducesPreconditions();
    }

    static async Task<Ok<UserPage>> ListAsync([AsParameters] UserListQuery query, HttpContext http, LightningDb db, UserPolicy policy, Actor actor, CancellationToken cancellationToken)
    {
        var limit = query.Limit ?? UserListQuery.DefaultLimit;
        var rows = db.Users.AsNoTracking().Where(policy, actor, Verb.Read);
        if (query.After is { } after) rows = rows.Where(user => user.Id > after);
        var users = await rows.OrderBy(user => user.Id).Take(limit + 1).Guard(policy, actor).ToListAsync(cancellationToken);
        var next = users.Count > limit ? users[limit - 1].Row.Id : (Guid?)null;
        NextPage.Link(http, next?.ToString());
        return TypedResults.Ok(new UserPage([.. users.Take(limit).Select(user => UserView.Of(user, policy, actor))], next));
    }

    static Results<Ok<UserView>, StatusCodeHttpResult> Get(Target<User> target, HttpContext http, UserPolicy policy, Actor actor) =>
        Versioned.Show(http, UserView.Of(target.Guarded, policy, actor));

    static Task<Results<Ok<UserView>, ProblemHttpResult>> UpdateAsync(
        Target<User> target, UserInput input, [FromHeader(Name = "If-Match")] string? ifMatch, HttpContext http, LightningDb db, UserPolicy policy, Actor actor) =>
        target.ChangeAsync(Verb.Update, user => user.Name = input.Name, guarded => UserView.Of(guarded, policy, actor), ifMatch, http, db, policy, actor);

    static async Task<Results<NoContent, ProblemHttpResult>> DeleteAsync(
        Target<User> target, [FromHeader(Name = "If-Match")] string? ifMatch, HttpContext http, LightningDb db, Actor actor, TimeProvider clock, CancellationToken cancellationToken)
    {
        if (Preconditions.Refuse(ifMatch, Versioned.Tag(target.Row.Version)) is { } refusal) return refusal;
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        // The account goes along, which this service can neither see nor touch: a function of the database does it all, and asks once more who may.
        if (!(await db.Database.SqlQuery<bool>($"""SELECT app.remove_user({target.Row.Id}) AS "Value" """).ToListAsync(cancellationToken)).Single()) return Preconditions.Overtaken();
        db.AuditEntries.Add(new AuditEntry
        {
            At = clock.GetUtcNow(),
            Action = "user.deleted",
            UserId = actor.UserId,
            SessionId = actor.SessionId == Guid.Empty ? null : actor.SessionId,
            SubjectType = "user",
            SubjectId = target.Row.Id.ToString(),
            Ip = http.Connection.RemoteIpAddress?.ToString(),
        });
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(CancellationToken.None);
        return TypedResults.NoContent();
    }
}
