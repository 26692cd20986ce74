using Lightning.Admin.Engine.Registrations;
using Lightning.Data.Organizations;

namespace Lightning.Admin.Organizations;

/// <summary>Organizations with their members. Administrators read all of them.</summary>
public sealed class OrganizationAdmin : AdminFor<Organization>
{
    public OrganizationAdmin()
        : base("Organizations")
    {
        List(
            organization => organization.Name,
            organization => organization.Slug,
            organization => organization.CreatedAt,
            organization => organization.DeletedAt
        );
        OrderBy(organization => organization.CreatedAt);
        Filter(organization => organization.Slug).Filter(organization => organization.CreatedAt);
        Inline(organization => organization.Members);
        Inline(organization => organization.Invitations);
    }
}
