using System.ComponentModel;
using Lightning.Api.Access;
using Lightning.Authorization;
using Lightning.Data.Organizations;
using Lightning.ServiceDefaults;
using Lightning.Sessions.Bearer;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Lightning.Api.Organizations;

/// <summary>The writable properties of a membership.</summary>
[Writes<Membership>(Verb.Update)]
public sealed record MembershipInput
{
    /// <summary>The role.</summary>
    [Description("The role: `member`, `admin` or `owner`.")]
    public required OrganizationRole Role { get; init; }
}

/// <summary>A member of an organization.</summary>
sealed record MemberView(
    Guid Id,
    Guid OrganizationId,
    Guid UserId,
    string Name,
    string Email,
    OrganizationRole Role,
    [property: Description("Whether this is you.")] bool IsYou,
    [property: Description("When the member joined (UTC).")] DateTimeOffset CreatedAt,
    [property: Description("The version of the membership, for If-Match.")] string Etag,
    [property: Description("What you are allowed to do with the membership, by verb.")]
        IReadOnlyDictionary<string, bool> Can
) : IVersioned
{
    public static MemberView Create(
        RowWithGrants<Membership> rowWithGrants,
        PersonInOrganization person,
        ResourceContext<Membership> context
    )
    {
        var membership = rowWithGrants.Row;
        return new(
            membership.Id,
            membership.OrganizationId,
            membership.UserId,
            person.Name,
            person.Email,
            membership.Role,
            membership.UserId == context.Actor.UserId,
            membership.CreatedAt,
            Versioned.ETag(membership.Version),
            context.Policy.Can(context.Actor, rowWithGrants)
        );
    }
}

/// <summary>A page of members.</summary>
sealed record MemberPage(
    IReadOnlyList<MemberView> Items,
    [property: Description("The cursor of the next page, for `after`; null on the last page.")] string? Next
);

/// <summary>The members of organizations.</summary>
static class MembersApi
{
    public static void MapMembers(this IEndpointRouteBuilder app)
    {
        var members = app.MapOperations("/api/v1", "Members");
        members
            .MapGet("/organizations/{id:guid}/members", ListAsync)
            .Requires<Organization>(Verb.Read)
            .WithName("ListMembers")
            .WithSummary("List the members of an organization");
        members
            .MapGet("/members/{id:guid}", GetAsync)
            .Requires<Membership>(Verb.Read)
            .WithName("GetMember")
            .WithSummary("Get a member")
            .Produces(StatusCodes.Status304NotModified);
        members
            .MapPut("/members/{id:guid}", UpdateAsync)
            .Requires<Membership>(Verb.Update)
            .WithName("UpdateMember")
            .WithSummary("Change a member's role")
            .ProducesPreconditions()
            .ProducesProblem(StatusCodes.Status409Conflict);
        members
            .MapDelete("/members/{id:guid}", DeleteAsync)
            .Requires<Membership>(Verb.Delete)
            .WithName("RemoveMember")
            .WithSummary("Remove a member, or leave")
            .ProducesPreconditions()
            .ProducesProblem(StatusCodes.Status409Conflict);
    }

    static async Task<Ok<MemberPage>> ListAsync(
        RouteRow<Organization> target,
        [AsParameters] TimePageQuery query,
        [AsParameters] ResourceContext<Membership> context
    )
    {
        var (http, db, policy, actor, _) = context;
        var rows = db
            .Memberships.AsNoTracking()
            .Where(policy, actor, Verb.Read)
            .Where(membership => membership.OrganizationId == target.Row.Id);
        var found = await query.OldestFirst(rows).WithGrants(policy, actor).ToListAsync(http.RequestAborted);
        var next = query.Next(http, found, row => new(row.Row.CreatedAt, row.Row.Id));
        var page = found.Take(query.Size).ToList();
        var people = await db.PeopleAsync(target.Row.Id, [.. page.Select(row => row.Row.UserId)], http.RequestAborted);
        return TypedResults.Ok(
            new MemberPage(
                [
                    .. page.Where(row => people.ContainsKey(row.Row.UserId))
                        .Select(row => MemberView.Create(row, people[row.Row.UserId], context)),
                ],
                next
            )
        );
    }

    static async Task<Results<Ok<MemberView>, StatusCodeHttpResult>> GetAsync(
        RouteRow<Membership> target,
        [AsParameters] ResourceContext<Membership> context
    ) =>
        Versioned.Get(
            context.Http,
            MemberView.Create(target.WithGrants, await PersonAsync(target.Row, context), context)
        );

    static async Task<Results<Ok<MemberView>, ProblemHttpResult>> UpdateAsync(
        RouteRow<Membership> target,
        MembershipInput input,
        [FromHeader(Name = "If-Match")] string? ifMatch,
        [AsParameters] ResourceContext<Membership> context
    )
    {
        if (input.Role != OrganizationRole.Owner && await IsLastOwnerAsync(target.Row, context))
            return LastOwner();
        var person = await PersonAsync(target.Row, context);
        context.Http.ReloadActor();
        try
        {
            return await target.ChangeAsync(
                context,
                new RowChange<Membership>(Verb.Update, ifMatch, membership => membership.Role = input.Role),
                rowWithGrants => MemberView.Create(rowWithGrants, person, context)
            );
        }
        catch (DbUpdateException ex) when (ViolatesLastOwner(ex))
        {
            return LastOwner();
        }
    }

    static async Task<Results<NoContent, ProblemHttpResult>> DeleteAsync(
        RouteRow<Membership> target,
        [FromHeader(Name = "If-Match")] string? ifMatch,
        [AsParameters] ResourceContext<Membership> context
    )
    {
        if (await IsLastOwnerAsync(target.Row, context))
            return LastOwner();
        context.Http.ReloadActor();
        try
        {
            return await target.DeleteAsync(context, Versioned.ETag(target.Row.Version), ifMatch);
        }
        catch (DbUpdateException ex) when (ViolatesLastOwner(ex))
        {
            return LastOwner();
        }
    }

    static async Task<PersonInOrganization> PersonAsync(Membership membership, ResourceContext<Membership> context)
    {
        var people = await context.Db.PeopleAsync(
            membership.OrganizationId,
            [membership.UserId],
            context.Http.RequestAborted
        );
        // A member who was removed by a concurrent request has no name.
        return people.GetValueOrDefault(membership.UserId) ?? new(membership.UserId, "", "");
    }

    /// <summary>
    /// Whether the member is the only owner. A trigger is the guarantee, but an exception is logged as an error.
    /// </summary>
    static async Task<bool> IsLastOwnerAsync(Membership membership, ResourceContext<Membership> context) =>
        membership.Role == OrganizationRole.Owner
        && !await context.Db.Memberships.AnyAsync(
            other =>
                other.OrganizationId == membership.OrganizationId
                && other.Role == OrganizationRole.Owner
                && other.Id != membership.Id,
            context.Http.RequestAborted
        );

    static bool ViolatesLastOwner(DbUpdateException ex) =>
        ex.InnerException
            is PostgresException { SqlState: PostgresErrorCodes.CheckViolation, ConstraintName: "last_owner" };

    static ProblemHttpResult LastOwner() =>
        Problem.LastOwner.ToResult("This is the only owner. Make another member an owner first.");
}
