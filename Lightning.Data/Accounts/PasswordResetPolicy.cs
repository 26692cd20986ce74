using Lightning.Data.Rules;

namespace Lightning.Data.Accounts;

/// <summary>
/// Who may have a link mailed to somebody, at which they choose a new password. The link is made and sent by Identity; whoever asks for it neither sees
/// it nor sets a password (ASVS 5.0, 6.4.6).
/// </summary>
public sealed class PasswordResetPolicy : HeadlessPolicy
{
    /// <summary>States the rules.</summary>
    public PasswordResetPolicy() => Allow(Verb.Create, Is.Admin);
}
