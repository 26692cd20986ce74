using Lightning.Data.Rules;

namespace Lightning.Data.Audit;

/// <summary>How much there is and what goes on, over everybody: for administrators.</summary>
public sealed class DashboardPolicy : HeadlessPolicy
{
    /// <summary>States the rules.</summary>
    public DashboardPolicy() => Allow(Verb.Read, Is.Admin);
}
