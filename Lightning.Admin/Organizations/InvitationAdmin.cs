using Lightning.Admin.Engine.Registrations;
using Lightning.Data.Organizations;

namespace Lightning.Admin.Organizations;

/// <summary>Invitations to organizations that were not yet accepted.</summary>
public sealed class InvitationAdmin : AdminFor<Invitation>
{
    public InvitationAdmin()
        : base("Invitations")
    {
        List(
            invitation => invitation.Address,
            invitation => invitation.Organization!.Name,
            invitation => invitation.Role,
            invitation => invitation.ExpiresAt
        );
        OrderBy(invitation => invitation.Id);
        HasLabel(invitation => invitation.Address, "Invitation");
        Filter(invitation => invitation.OrganizationId).Filter(invitation => invitation.UserId);
    }
}
