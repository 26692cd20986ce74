using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using Lightning.Api.Access;
using Lightning.Api.Idempotency;
using Lightning.Authorization;
using Lightning.Data.Notes;
using Lightning.Data.Organizations;
using Lightning.ServiceDefaults;
using Lightning.Sessions.Bearer;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Lightning.Api.Organizations;

/// <summary>The properties of a new invitation.</summary>
[Writes<Invitation>(Verb.Create)]
public sealed record InvitationInput
{
    /// <summary>The email address to invite.</summary>
    [Required(ErrorMessage = "Required.")]
    [StringLength(EmailAddress.MaxInputLength, ErrorMessage = "Must be at most {1} characters.")]
    [EmailAddressInput]
    [Description(
        "The email address to invite, with or without a name. The response does not tell whether an account with this "
            + "address exists. Only an account that has this address verified can accept."
    )]
    public required string Address
    {
        get;
        init => field = EmailAddress.Normalize(value);
    }

    /// <summary>The role of the new member.</summary>
    [AllowedValues(OrganizationRole.Member, OrganizationRole.Admin, ErrorMessage = "Must be member or admin.")]
    [Description("The role of the new member: `member` or `admin`.")]
    public OrganizationRole Role { get; init; }
}

/// <summary>An invitation. It does not tell whether an account with the address exists.</summary>
sealed record InvitationView(
    Guid Id,
    Guid OrganizationId,
    string OrganizationName,
    [property: Description("The invited email address.")] string Address,
    OrganizationRole Role,
    [property: Description("The name of the user who invited; null if the account was deleted.")] string? InvitedBy,
    DateTimeOffset CreatedAt,
    [property: Description("When the invitation expires (UTC).")] DateTimeOffset ExpiresAt,
    [property: Description("The version of the invitation, for If-Match.")] string Etag,
    [property: Description("What you are allowed to do with the invitation, by verb.")]
        IReadOnlyDictionary<string, bool> Can
) : IVersioned
{
    /// <summary>
    /// The entity tag. Not the row version, which would tell the inviter when an account claims the invitation.
    /// </summary>
    public static string ETag(Invitation invitation) =>
        string.Create(CultureInfo.InvariantCulture, $"\"{invitation.ExpiresAt.UtcTicks}\"");

    public static InvitationView Create(
        RowWithGrants<Invitation> rowWithGrants,
        InvitationNames names,
        ResourceContext<Invitation> context
    )
    {
        var invitation = rowWithGrants.Row;
        return new(
            invitation.Id,
            invitation.OrganizationId,
            names.OrganizationName,
            invitation.Address,
            invitation.Role,
            names.InvitedBy,
            invitation.CreatedAt,
            invitation.ExpiresAt,
            ETag(invitation),
            context.Policy.Can(context.Actor, rowWithGrants)
        );
    }
}

/// <summary>A page of invitations.</summary>
sealed record InvitationPage(
    IReadOnlyList<InvitationView> Items,
    [property: Description("The cursor of the next page, for `after`; null on the last page.")] string? Next
);

/// <summary>Invitations to organizations.</summary>
static class InvitationsApi
{
    /// <summary>The maximum number of open invitations per organization.</summary>
    const int MaxInvitations = 200;

    /// <summary>The shortest time between two mails of one invitation.</summary>
    static readonly TimeSpan MailInterval = TimeSpan.FromMinutes(1);

    public static void MapInvitations(this IEndpointRouteBuilder app)
    {
        var invitations = app.MapOperations("/api/v1", "Invitations");
        invitations
            .MapGet("/organizations/{id:guid}/invitations", ListAsync)
            .Requires<Organization>(Verb.Invite)
            .WithName("ListInvitations")
            .WithSummary("List the open invitations of an organization");
        invitations
            .MapPost("/organizations/{id:guid}/invitations", CreateAsync)
            .Requires<Organization>(Verb.Invite)
            .Idempotent()
            .WithName("CreateInvitation")
            .WithSummary("Invite a person by email address")
            .ProducesProblem(StatusCodes.Status409Conflict);
        invitations
            .MapGet("/invitations", ListOwnAsync)
            .Requires<Invitation>(Verb.Read)
            .WithName("ListOwnInvitations")
            .WithSummary("List the invitations for your address");
        invitations
            .MapGet("/invitations/{id:guid}", GetAsync)
            .Requires<Invitation>(Verb.Read)
            .WithName("GetInvitation")
            .WithSummary("Get an invitation")
            .Produces(StatusCodes.Status304NotModified);
        invitations
            .MapPost("/invitations/{id:guid}/resend", ResendAsync)
            .Requires<Invitation>(Verb.Update)
            .Idempotent()
            .WithName("ResendInvitation")
            .WithSummary("Send an invitation again")
            .ProducesProblem(StatusCodes.Status409Conflict);
        invitations
            .MapPost("/invitations/{id:guid}/accept", AcceptAsync)
            // Before the rule: a retry no longer finds the invitation.
            .Idempotent()
            .Requires<Invitation>(Verb.Accept)
            .WithName("AcceptInvitation")
            .WithSummary("Accept an invitation");
        invitations
            .MapDelete("/invitations/{id:guid}", DeleteAsync)
            .Requires<Invitation>(Verb.Delete)
            .WithName("DeleteInvitation")
            .WithSummary("Revoke or decline an invitation")
            .ProducesPreconditions();
    }

    static async Task<Ok<InvitationPage>> ListAsync(
        RouteRow<Organization> target,
        [AsParameters] TimePageQuery query,
        [AsParameters] ResourceContext<Invitation> context
    ) =>
        TypedResults.Ok(
            await ReadAsync(
                context,
                query,
                context
                    .Db.Invitations.Where(context.Policy, context.Actor, Verb.Read)
                    .Where(invitation => invitation.OrganizationId == target.Row.Id)
            )
        );

    static async Task<Ok<InvitationPage>> ListOwnAsync(
        [AsParameters] TimePageQuery query,
        [AsParameters] ResourceContext<Invitation> context
    )
    {
        var now = context.Now();
        return TypedResults.Ok(
            await ReadAsync(
                context,
                query,
                context
                    .Policy.Alternative(context.Actor, Verb.Read, InvitationPolicy.Invited)
                    .Apply(context.Db.Invitations)
                    .Where(invitation => invitation.ExpiresAt > now)
            )
        );
    }

    static async Task<InvitationPage> ReadAsync(
        ResourceContext<Invitation> context,
        TimePageQuery query,
        IQueryable<Invitation> rows
    )
    {
        var (http, db, policy, actor, _) = context;
        var found = await query
            .OldestFirst(rows.AsNoTracking())
            .WithGrants(policy, actor)
            .ToListAsync(http.RequestAborted);
        var next = query.Next(http, found, row => new(row.Row.CreatedAt, row.Row.Id));
        var page = found.Take(query.Size).ToList();
        var names = await db.InvitationNamesAsync([.. page.Select(row => row.Row.Id)], http.RequestAborted);
        // An invitation that was revoked in between has no names, nor has one to a deleted organization.
        return new(
            [
                .. page.Where(row => names.ContainsKey(row.Row.Id))
                    .Select(row => InvitationView.Create(row, names[row.Row.Id], context)),
            ],
            next
        );
    }

    static async Task<Results<Created<InvitationView>, ProblemHttpResult>> CreateAsync(
        RouteRow<Organization> target,
        InvitationInput input,
        [AsParameters] ResourceContext<Invitation> context
    )
    {
        var (http, db, _, actor, _) = context;
        var cancellationToken = http.RequestAborted;
        var organization = target.Row.Id;
        var address = NoteShare.Fold(input.Address);
        if (await db.IsMemberAddressAsync(organization, address, cancellationToken))
            return Problem.AlreadyMember.ToResult("A member of the organization has this address.");
        // The unique index is the guarantee, but a violation is logged as an error.
        if (
            await db.Invitations.AnyAsync(
                other => other.OrganizationId == organization && other.Address == address,
                cancellationToken
            )
        )
            return AlreadyInvited();
        if (
            await db.Invitations.CountAsync(other => other.OrganizationId == organization, cancellationToken)
            >= MaxInvitations
        )
            return Problem.TooManyInvitations.ToResult(
                $"An organization can have at most {MaxInvitations} open invitations."
            );
        var now = context.Now();
        var invitation = new Invitation
        {
            OrganizationId = organization,
            Address = address,
            Role = input.Role,
            InvitedById = actor.UserId,
            CreatedAt = now,
            ExpiresAt = now + Invitation.Lifetime,
        };
        db.Invitations.Add(invitation);
        try
        {
            if (await context.SaveAsync(Verb.Create, invitation) is { } problem)
                return problem;
        }
        catch (DbUpdateException ex)
            when (ex.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            return AlreadyInvited();
        }
        var view = InvitationView.Create(
            new RowWithGrants<Invitation> { Row = invitation },
            await NamesAsync(invitation.Id, context),
            context
        );
        http.Response.Headers.ETag = view.Etag;
        return TypedResults.Created($"/api/v1/invitations/{invitation.Id}", view);
    }

    static async Task<Results<Ok<InvitationView>, StatusCodeHttpResult>> GetAsync(
        RouteRow<Invitation> target,
        [AsParameters] ResourceContext<Invitation> context
    ) =>
        Versioned.Get(
            context.Http,
            InvitationView.Create(target.WithGrants, await NamesAsync(target.Row.Id, context), context)
        );

    static async Task<Results<Ok<InvitationView>, ProblemHttpResult>> ResendAsync(
        RouteRow<Invitation> target,
        [AsParameters] ResourceContext<Invitation> context
    )
    {
        var now = context.Now();
        var invitation = target.Row;
        if (invitation.ExpiresAt - Invitation.Lifetime > now - MailInterval)
            return Problem.SentRecently.ToResult("The invitation was sent a moment ago. Try again in a minute.");
        invitation.ExpiresAt = now + Invitation.Lifetime;
        if (await context.SaveAsync(Verb.Update, invitation) is { } problem)
            return problem;
        var view = InvitationView.Create(target.WithGrants, await NamesAsync(invitation.Id, context), context);
        context.Http.Response.Headers.ETag = view.Etag;
        return TypedResults.Ok(view);
    }

    static async Task<Results<Ok<OrganizationView>, ProblemHttpResult>> AcceptAsync(
        RouteRow<Invitation> target,
        [AsParameters] ResourceContext<Organization> context
    )
    {
        var (http, db, _, actor, _) = context;
        await using var transaction = await WriteTransaction.BeginAsync(db, http.RequestAborted);
        if (await db.AcceptInvitationAsync(target.Row.Id, http.RequestAborted) is not { } id)
            return Problem.NotFound.ToResult("The invitation was revoked or has expired.");
        context.Audit("invitation.accepted", "invitation", target.Row.Id);
        http.ReloadActor();
        await db.SaveChangesAsync(http.RequestAborted);
        var view = await OrganizationsApi.ReadAsync(
            context,
            // Someone who is a member already keeps their role.
            actor.MemberOf.Contains(id)
                ? actor.Memberships
                : actor.Memberships.With(id, target.Row.Role == OrganizationRole.Admin, isOwner: false),
            id
        );
        await transaction.CommitAsync();
        http.Response.Headers.ETag = view.Etag;
        return TypedResults.Ok(view);
    }

    static Task<Results<NoContent, ProblemHttpResult>> DeleteAsync(
        RouteRow<Invitation> target,
        [FromHeader(Name = "If-Match")] string? ifMatch,
        [AsParameters] ResourceContext<Invitation> context
    ) => target.DeleteAsync(context, InvitationView.ETag(target.Row), ifMatch);

    static async Task<InvitationNames> NamesAsync(Guid id, ResourceContext<Invitation> context) =>
        (await context.Db.InvitationNamesAsync([id], context.Http.RequestAborted)).GetValueOrDefault(id)
        ?? new InvitationNames(id, "", null);

    static ProblemHttpResult AlreadyInvited() =>
        Problem.AlreadyInvited.ToResult("This address is invited already. Send the invitation again instead.");
}
