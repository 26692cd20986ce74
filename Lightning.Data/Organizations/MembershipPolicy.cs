using Lightning.Authorization;

namespace Lightning.Data.Organizations;

/// <summary>
/// Members see each other and may leave. Administrators change and remove members who are not owners; only owners make
/// others owners, and change or remove them. Memberships begin by accepting an invitation.
/// </summary>
public sealed class MembershipPolicy : Policy<Membership>
{
    static readonly Rule<Membership> Self = Rule.For<Membership>(
        (actor, membership) => membership.UserId == actor.UserId,
        "it is another member"
    );
    static readonly Rule<Membership> NotOwner = Rule.For<Membership>(
        (actor, membership) => membership.Role != OrganizationRole.Owner,
        "the member is an owner"
    );
    static readonly Rule<Membership> Member = Is.MemberOf<Membership>(membership => membership.OrganizationId);
    static readonly Rule<Membership> Admin = Is.AdminOf<Membership>(membership => membership.OrganizationId);
    static readonly Rule<Membership> Owner = Is.OwnerOf<Membership>(membership => membership.OrganizationId);

    /// <summary>Defines the rules.</summary>
    public MembershipPolicy()
    {
        Allow(Verb.Read, Member | Is.Admin);
        // Asked before and after a change: administrators cannot make anyone an owner.
        Allow(Verb.Update, (Owner | Admin & NotOwner) & Is.NotImpersonated).Fields(membership => membership.Role);
        Allow(Verb.Delete, (Member & Self | Owner | Admin & NotOwner) & Is.NotImpersonated);
    }
}
