using Lightning.Data.Accounts;
using Lightning.Data.Sessions;
using Lightning.Data.Users;

namespace Lightning.Admin.Accounts;

/// <summary>The policies of an account and of what belongs to it.</summary>
/// <param name="Users">The policy of users.</param>
/// <param name="Accounts">The policy of accounts.</param>
/// <param name="Sessions">The policy of sessions.</param>
public sealed record AccountPolicies(UserPolicy Users, AccountPolicy Accounts, SessionPolicy Sessions);
