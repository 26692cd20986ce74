using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Lightning.Api.Access;
using Lightning.Authorization;
using Lightning.Data.Organizations;
using Lightning.Sessions.Providers;

namespace Lightning.Api.Organizations;

/// <summary>The writable properties of an organization.</summary>
[Writes<Organization>(Verb.Create, Verb.Update)]
public sealed record OrganizationInput
{
    /// <summary>The display name.</summary>
    [Required(ErrorMessage = "Required.")]
    [PersonName]
    [Storable]
    [Description("The display name.")]
    public required string Name { get; init; }

    /// <summary>The name in addresses.</summary>
    [StringLength(Organization.SlugLength, MinimumLength = 1, ErrorMessage = "Must be {2} to {1} characters.")]
    [RegularExpression(
        "[a-z0-9]+(-[a-z0-9]+)*",
        ErrorMessage = "Use lowercase letters, digits and single hyphens between them."
    )]
    [Description(
        "The name in addresses, unique: lowercase letters, digits and hyphens. By default it is made of the name when "
            + "the organization is created, and stays as it is when it is updated."
    )]
    public string? Slug { get; init; }
}

/// <summary>An organization.</summary>
sealed record OrganizationView(
    Guid Id,
    string Slug,
    string Name,
    [property: Description("Your role; null if you are not a member.")] OrganizationRole? Role,
    DateTimeOffset CreatedAt,
    [property: Description("The version of the organization, for If-Match.")] string Etag,
    [property: Description("What you are allowed to do with the organization, by verb.")]
        IReadOnlyDictionary<string, bool> Can
) : IVersioned
{
    public static OrganizationView Create(
        RowWithGrants<Organization> rowWithGrants,
        Policy<Organization> policy,
        Actor actor
    )
    {
        var organization = rowWithGrants.Row;
        return new(
            organization.Id,
            organization.Slug,
            organization.Name,
            RoleOf(actor, organization.Id),
            organization.CreatedAt,
            Versioned.ETag(organization.Version),
            policy.Can(actor, rowWithGrants)
        );
    }

    static OrganizationRole? RoleOf(Actor actor, Guid id) =>
        actor.OwnerOf.Contains(id) ? OrganizationRole.Owner
        : actor.AdminOf.Contains(id) ? OrganizationRole.Admin
        : actor.MemberOf.Contains(id) ? OrganizationRole.Member
        : null;
}

/// <summary>A page of organizations.</summary>
sealed record OrganizationPage(
    IReadOnlyList<OrganizationView> Items,
    [property: Description("The cursor of the next page, for `after`; null on the last page.")] string? Next
);

/// <summary>What is deleted with an organization.</summary>
sealed record OrganizationContents(
    [property: Description("The number of notes.")] int Notes,
    [property: Description("The number of members, with you.")] int Members,
    [property: Description("The number of open invitations.")] int Invitations
);
