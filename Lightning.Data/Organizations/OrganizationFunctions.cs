using Microsoft.EntityFrameworkCore;

namespace Lightning.Data.Organizations;

/// <summary>A member's name and address.</summary>
/// <param name="UserId">The user's id.</param>
/// <param name="Name">The display name.</param>
/// <param name="Email">The email address.</param>
public sealed record PersonInOrganization(Guid UserId, string Name, string Email);

/// <summary>The names on an invitation.</summary>
/// <param name="Id">The invitation's id.</param>
/// <param name="OrganizationName">The organization's name.</param>
/// <param name="InvitedBy">The name of the user who invited; null if the account was deleted.</param>
public sealed record InvitationNames(Guid Id, string OrganizationName, string? InvitedBy);

/// <summary>
/// The functions of <c>Sql/organizations.sql</c>, which do more than the actor's rows allow and authorize by the
/// transaction's actor.
/// </summary>
public static class OrganizationFunctions
{
    /// <summary>Creates an organization, with the actor as its owner.</summary>
    /// <returns>False if the slug is taken.</returns>
    public static Task<bool> CreateOrganizationAsync(
        this LightningDb db,
        Guid id,
        string slug,
        string name,
        CancellationToken cancellationToken
    ) => db.CallAsync<bool>($"""SELECT app.create_organization({id}, {slug}, {name}) AS "Value" """, cancellationToken);

    /// <summary>Whether no other organization has a slug.</summary>
    public static Task<bool> IsSlugFreeAsync(
        this LightningDb db,
        string slug,
        Guid? exceptId,
        CancellationToken cancellationToken
    ) => db.CallAsync<bool>($"""SELECT app.is_slug_free({slug}, {exceptId}) AS "Value" """, cancellationToken);

    /// <summary>
    /// Deletes an organization that the actor owns. It is kept for <see cref="Organization.Lifetime"/>.
    /// </summary>
    /// <returns>False if it has another version or is deleted already.</returns>
    public static Task<bool> DeleteOrganizationAsync(
        this LightningDb db,
        Guid id,
        uint version,
        CancellationToken cancellationToken
    ) =>
        db.CallAsync<bool>($"""SELECT app.delete_organization({id}, {(long)version}) AS "Value" """, cancellationToken);

    /// <summary>Makes the actor a member of the organization that invited them.</summary>
    /// <returns>The organization's id; null if the invitation was revoked or has expired.</returns>
    public static Task<Guid?> AcceptInvitationAsync(
        this LightningDb db,
        Guid id,
        CancellationToken cancellationToken
    ) => db.CallAsync<Guid?>($"""SELECT app.accept_invitation({id}) AS "Value" """, cancellationToken);

    /// <summary>The names and addresses of members of one of the actor's organizations, by user id.</summary>
    public static async Task<IReadOnlyDictionary<Guid, PersonInOrganization>> PeopleAsync(
        this LightningDb db,
        Guid organizationId,
        Guid[] userIds,
        CancellationToken cancellationToken
    ) =>
        await db
            .Database.SqlQuery<PersonInOrganization>(
                $"SELECT user_id, name, email FROM app.people_of({organizationId}, {userIds})"
            )
            .ToDictionaryAsync(person => person.UserId, cancellationToken);

    /// <summary>Whether a member of one of the actor's organizations has an address.</summary>
    /// <param name="db">The database.</param>
    /// <param name="organizationId">The organization's id.</param>
    /// <param name="address">The normalized address.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    public static Task<bool> IsMemberAddressAsync(
        this LightningDb db,
        Guid organizationId,
        string address,
        CancellationToken cancellationToken
    ) =>
        db.CallAsync<bool>(
            $"""SELECT app.is_member_address({organizationId}, {address}) AS "Value" """,
            cancellationToken
        );

    /// <summary>The names on invitations that the actor sent or received, by invitation id.</summary>
    public static async Task<IReadOnlyDictionary<Guid, InvitationNames>> InvitationNamesAsync(
        this LightningDb db,
        Guid[] ids,
        CancellationToken cancellationToken
    ) =>
        await db
            .Database.SqlQuery<InvitationNames>(
                $"SELECT id, organization_name, invited_by FROM app.invitation_names({ids})"
            )
            .ToDictionaryAsync(names => names.Id, cancellationToken);

    /// <summary>Deletes organizations that were deleted before a time, but not within the last day.</summary>
    /// <returns>The number of organizations.</returns>
    public static Task<int> PurgeDeletedOrganizationsAsync(
        this LightningDb db,
        DateTimeOffset before,
        int most,
        CancellationToken cancellationToken
    ) =>
        db.CallAsync<int>(
            $"""SELECT app.purge_deleted_organizations({before}, {most}) AS "Value" """,
            cancellationToken
        );

    /// <summary>Deletes invitations that expired before a time, but not within the last day.</summary>
    /// <returns>The number of invitations.</returns>
    public static Task<int> PurgeExpiredInvitationsAsync(
        this LightningDb db,
        DateTimeOffset before,
        int most,
        CancellationToken cancellationToken
    ) =>
        db.CallAsync<int>($"""SELECT app.purge_expired_invitations({before}, {most}) AS "Value" """, cancellationToken);
}
