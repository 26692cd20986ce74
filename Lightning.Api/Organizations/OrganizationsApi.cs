using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Lightning.Api.Access;
using Lightning.Api.Idempotency;
using Lightning.Authorization;
using Lightning.Data.Organizations;
using Lightning.ServiceDefaults;
using Lightning.Sessions.Bearer;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Lightning.Api.Organizations;

/// <summary>The caller's organizations.</summary>
static class OrganizationsApi
{
    public static IServiceCollection AddOrganizations(this IServiceCollection services) =>
        services
            .AddSingleton(
                new Purge(
                    Organization.Lifetime,
                    (db, before, most, cancellationToken) =>
                        db.PurgeDeletedOrganizationsAsync(before, most, cancellationToken)
                )
            )
            .AddSingleton(
                new Purge(
                    Organization.Lifetime,
                    (db, before, most, cancellationToken) =>
                        db.PurgeExpiredInvitationsAsync(before, most, cancellationToken)
                )
            );

    public static void MapOrganizations(this IEndpointRouteBuilder app)
    {
        var organizations = app.MapOperations("/api/v1/organizations", "Organizations");
        organizations
            .MapGet("/", ListAsync)
            .Requires<Organization>(Verb.Read)
            .WithName("ListOrganizations")
            .WithSummary("List your organizations");
        organizations
            .MapPost("/", CreateAsync)
            .Requires<Organization>(Verb.Create)
            .Idempotent()
            .WithName("CreateOrganization")
            .WithSummary("Create an organization")
            .WithDescription("Creates an organization, of which you are the owner.")
            .ProducesProblem(StatusCodes.Status409Conflict);
        organizations
            .MapGet("/{id:guid}", Get)
            .Requires<Organization>(Verb.Read)
            .WithName("GetOrganization")
            .WithSummary("Get an organization")
            .Produces(StatusCodes.Status304NotModified);
        organizations
            .MapPut("/{id:guid}", UpdateAsync)
            .Requires<Organization>(Verb.Update)
            .WithName("UpdateOrganization")
            .WithSummary("Update an organization")
            .WithDescription("Replaces the name, and the slug if there is one.")
            .ProducesPreconditions()
            .ProducesProblem(StatusCodes.Status409Conflict);
        organizations
            .MapGet("/{id:guid}/contents", CountAsync)
            .Requires<Organization>(Verb.Delete)
            .WithName("GetOrganizationContents")
            .WithSummary("Count what is deleted with an organization");
        organizations
            .MapDelete("/{id:guid}", DeleteAsync)
            .Requires<Organization>(Verb.Delete)
            .WithName("DeleteOrganization")
            .WithSummary("Delete an organization")
            .WithDescription("Deletes the organization with everything in it. Its slug stays taken for 30 days.")
            .ProducesPreconditions();
    }

    static async Task<Ok<OrganizationPage>> ListAsync(
        [AsParameters] TimePageQuery query,
        [AsParameters] ResourceContext<Organization> context
    )
    {
        var (http, db, policy, actor, _) = context;
        // Administrators may read all organizations, but the list has only their own.
        var rows = db.Organizations.AsNoTracking().Where(policy, actor with { IsAdmin = false }, Verb.Read);
        var found = await query.OldestFirst(rows).WithGrants(policy, actor).ToListAsync(http.RequestAborted);
        var next = query.Next(http, found, row => new(row.Row.CreatedAt, row.Row.Id));
        return TypedResults.Ok(
            new OrganizationPage(
                [.. found.Take(query.Size).Select(row => OrganizationView.Create(row, policy, actor))],
                next
            )
        );
    }

    static async Task<Results<Created<OrganizationView>, ProblemHttpResult>> CreateAsync(
        OrganizationInput input,
        [AsParameters] ResourceContext<Organization> context
    )
    {
        var (http, db, _, actor, _) = context;
        var id = Guid.CreateVersion7();
        await using var transaction = await WriteTransaction.BeginAsync(db, http.RequestAborted);
        var slug = input.Slug ?? await FreeSlugAsync(context, input.Name);
        if (!await db.CreateOrganizationAsync(id, slug, input.Name, http.RequestAborted))
            return SlugTaken();
        context.Audit("organization.created", "organization", id);
        http.ReloadActor();
        await db.SaveChangesAsync(http.RequestAborted);
        var view = await ReadAsync(context, actor.Memberships.With(id, isAdmin: true, isOwner: true), id);
        await transaction.CommitAsync();
        http.Response.Headers.ETag = view.Etag;
        return TypedResults.Created($"/api/v1/organizations/{id}", view);
    }

    /// <summary>Reads an organization that the caller has just joined, in the same transaction.</summary>
    /// <param name="context">The request.</param>
    /// <param name="memberships">The caller's memberships, with the new one.</param>
    /// <param name="id">The organization's id.</param>
    public static async Task<OrganizationView> ReadAsync(
        ResourceContext<Organization> context,
        Memberships memberships,
        Guid id
    )
    {
        var (http, db, policy, actor, _) = context;
        var joined = actor with { Memberships = memberships };
        await RowSecurity.SetActorAsync(db.Database.GetDbConnection(), joined, http.RequestAborted);
        var found = await db
            .Organizations.AsNoTracking()
            .Where(policy, joined, Verb.Read)
            .Where(organization => organization.Id == id)
            .WithGrants(policy, joined)
            .SingleAsync(http.RequestAborted);
        return OrganizationView.Create(found, policy, joined);
    }

    /// <summary>A slug of the name's letters and digits, with a random end if it is taken.</summary>
    static async Task<string> FreeSlugAsync(ResourceContext<Organization> context, string name)
    {
        var letters = new StringBuilder();
        foreach (var letter in name.ToLowerInvariant())
            if (char.IsAsciiLetterOrDigit(letter))
                letters.Append(letter);
            else if (letters.Length > 0 && letters[^1] != '-')
                letters.Append('-');
        const int room = 33;
        var slug = letters.ToString(0, Math.Min(letters.Length, room)).Trim('-');
        if (slug.Length == 0)
            slug = "organization";
        return await context.Db.IsSlugFreeAsync(slug, null, context.Http.RequestAborted)
            ? slug
            : string.Create(CultureInfo.InvariantCulture, $"{slug}-{RandomNumberGenerator.GetHexString(6, true)}");
    }

    static Results<Ok<OrganizationView>, StatusCodeHttpResult> Get(
        RouteRow<Organization> target,
        [AsParameters] ResourceContext<Organization> context
    ) => Versioned.Get(context.Http, OrganizationView.Create(target.WithGrants, context.Policy, context.Actor));

    static async Task<Results<Ok<OrganizationView>, ProblemHttpResult>> UpdateAsync(
        RouteRow<Organization> target,
        OrganizationInput input,
        [FromHeader(Name = "If-Match")] string? ifMatch,
        [AsParameters] ResourceContext<Organization> context
    )
    {
        var slug = input.Slug ?? target.Row.Slug;
        // The unique index is the guarantee, but a violation is logged as an error.
        if (
            slug != target.Row.Slug
            && !await context.Db.IsSlugFreeAsync(slug, target.Row.Id, context.Http.RequestAborted)
        )
            return SlugTaken();
        try
        {
            return await target.ChangeAsync(
                context,
                new RowChange<Organization>(
                    Verb.Update,
                    ifMatch,
                    organization => (organization.Name, organization.Slug) = (input.Name, slug)
                ),
                rowWithGrants => OrganizationView.Create(rowWithGrants, context.Policy, context.Actor)
            );
        }
        catch (DbUpdateException ex)
            when (ex.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            return SlugTaken();
        }
    }

    static async Task<Ok<OrganizationContents>> CountAsync(
        RouteRow<Organization> target,
        [AsParameters] ResourceContext<Organization> context
    )
    {
        var (db, id, cancellationToken) = (context.Db, target.Row.Id, context.Http.RequestAborted);
        return TypedResults.Ok(
            new OrganizationContents(
                await db.Notes.CountAsync(note => note.OrganizationId == id, cancellationToken),
                await db.Memberships.CountAsync(membership => membership.OrganizationId == id, cancellationToken),
                await db.Invitations.CountAsync(invitation => invitation.OrganizationId == id, cancellationToken)
            )
        );
    }

    static async Task<Results<NoContent, ProblemHttpResult>> DeleteAsync(
        RouteRow<Organization> target,
        [FromHeader(Name = "If-Match")] string? ifMatch,
        [AsParameters] ResourceContext<Organization> context
    )
    {
        if (Preconditions.Check(ifMatch, Versioned.ETag(target.Row.Version)) is { } failed)
            return failed;
        var (http, db, _, _, _) = context;
        await using var transaction = await WriteTransaction.BeginAsync(db, http.RequestAborted);
        if (!await db.DeleteOrganizationAsync(target.Row.Id, target.Row.Version, http.RequestAborted))
            return Preconditions.VersionConflict();
        context.Audit("organization.deleted", "organization", target.Row.Id);
        http.ReloadActor();
        await db.SaveChangesAsync(http.RequestAborted);
        await transaction.CommitAsync();
        return TypedResults.NoContent();
    }

    static ProblemHttpResult SlugTaken() =>
        Problem.SlugTaken.ToResult("Another organization has this address. Choose another one.");
}
