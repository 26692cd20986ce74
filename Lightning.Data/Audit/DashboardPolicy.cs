using Lightning.Authorization;

namespace Lightning.Data.Audit;

/// <summary>Administrators read the dashboard's totals over all users.</summary>
public sealed class DashboardPolicy : ActorPolicy
{
    /// <summary>Defines the rules.</summary>
    public DashboardPolicy() => Allow(Verb.Read, Is.Admin);
}
