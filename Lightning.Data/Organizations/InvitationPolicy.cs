using Lightning.Authorization;

namespace Lightning.Data.Organizations;

/// <summary>
/// The organization's administrators send, resend and revoke invitations. Invited users see theirs, and accept or
/// decline them.
/// </summary>
public sealed class InvitationPolicy : Policy<Invitation>
{
    /// <summary>The actor verified the invited address.</summary>
    public static readonly Rule<Invitation> Invited = Rule.For<Invitation>(
        (actor, invitation) => invitation.UserId == actor.UserId,
        "it is for another address"
    );
    static readonly Rule<Invitation> NotOwner = Rule.For<Invitation>(
        (actor, invitation) => invitation.Role != OrganizationRole.Owner,
        "it invites an owner"
    );
    static readonly Rule<Invitation> Inviter = Rule.For<Invitation>(
        (actor, invitation) => invitation.InvitedById == actor.UserId,
        "another user invites"
    );
    static readonly Rule<Invitation> Admin = Is.AdminOf<Invitation>(invitation => invitation.OrganizationId);

    /// <summary>Defines the rules.</summary>
    public InvitationPolicy()
    {
        Allow(Verb.Read, Invited | Admin | Is.Admin);
        Allow(Verb.Create, Admin & Inviter & NotOwner & Is.Verified & Is.NotImpersonated)
            .Fields(invitation => invitation.Address, invitation => invitation.Role);
        Allow(Verb.Update, Admin & Is.Verified & Is.NotImpersonated).Fields(invitation => invitation.ExpiresAt);
        Allow(Verb.Accept, Invited & Is.Verified & Is.NotImpersonated);
        Allow(Verb.Delete, (Invited | Admin) & Is.NotImpersonated);
    }
}
