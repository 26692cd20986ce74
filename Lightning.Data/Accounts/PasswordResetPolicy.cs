using Lightning.Authorization;

namespace Lightning.Data.Accounts;

/// <summary>
/// Who may request a password-reset mail for another user. Identity creates and sends the link; the administrator
/// neither sees it nor sets a password (ASVS 5.0, 6.4.6).
/// </summary>
public sealed class PasswordResetPolicy : ActorPolicy
{
    /// <summary>Defines the rules.</summary>
    public PasswordResetPolicy() => Allow(Verb.Create, Is.Admin);
}
