using Lightning.Data.Rules;

namespace Lightning.Data.Accounts;

/// <summary>Accounts are administrators' to see.</summary>
public sealed class AccountPolicy : Policy<Account>
{
    /// <summary>States the rules.</summary>
    public AccountPolicy() => Allow(Verb.Read, Is.Admin);
}
