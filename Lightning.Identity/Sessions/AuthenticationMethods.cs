namespace Lightning.Identity.Sessions;

/// <summary>The <c>amr</c> values of sessions (RFC 8176, 2).</summary>
static class AuthenticationMethods
{
    public const string Password = "pwd";

    /// <summary>A code of an authenticator app, or a recovery code.</summary>
    public const string OneTimePassword = "otp";

    /// <summary>More than one factor.</summary>
    public const string MultipleFactors = "mfa";

    /// <summary>A sign-in at an upstream provider; RFC 8176 defines no value for it.</summary>
    public const string Upstream = "fed";

    /// <summary>A passkey: proof of possession, user verification, and so multiple factors.</summary>
    public static readonly string[] Passkey = ["pop", "user", MultipleFactors];
}
