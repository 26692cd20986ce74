using Lightning.Authorization;

namespace Lightning.Data.Organizations;

/// <summary>
/// Members see their organization, its administrators rename it and invite others, its owners delete it. System
/// administrators only read.
/// </summary>
public sealed class OrganizationPolicy : Policy<Organization>
{
    static readonly Rule<Organization> Member = Is.MemberOf<Organization>(organization => organization.Id);
    static readonly Rule<Organization> Admin = Is.AdminOf<Organization>(organization => organization.Id);
    static readonly Rule<Organization> Owner = Is.OwnerOf<Organization>(organization => organization.Id);

    /// <summary>Defines the rules.</summary>
    public OrganizationPolicy()
    {
        Allow(Verb.Read, Member | Is.Admin);
        Allow(Verb.Create, (Rule<Organization>)Is.Verified & Is.NotImpersonated)
            .Fields(organization => organization.Name, organization => organization.Slug);
        Allow(Verb.Update, Admin & Is.Writer)
            .Fields(organization => organization.Name, organization => organization.Slug);
        Allow(Verb.Invite, Admin & Is.Verified & Is.NotImpersonated);
        Allow(Verb.Delete, Owner & Is.Verified & Is.NotImpersonated);
    }
}
