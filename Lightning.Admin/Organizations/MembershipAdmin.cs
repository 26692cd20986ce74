using Lightning.Admin.Engine.Registrations;
using Lightning.Data.Organizations;

namespace Lightning.Admin.Organizations;

/// <summary>Members of organizations.</summary>
public sealed class MembershipAdmin : AdminFor<Membership>
{
    public MembershipAdmin()
        : base("Members")
    {
        List(
            membership => membership.User!.Email,
            membership => membership.Organization!.Name,
            membership => membership.Role,
            membership => membership.CreatedAt
        );
        OrderBy(membership => membership.Id);
        HasLabel(membership => membership.Role, "Member");
        Filter(membership => membership.OrganizationId).Filter(membership => membership.UserId);
    }
}
