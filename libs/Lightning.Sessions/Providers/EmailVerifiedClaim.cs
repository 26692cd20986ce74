using System.Security.Claims;

namespace Lightning.Sessions.Providers;

/// <summary>
/// The <c>email_verified</c> claim, a boolean (OpenID Connect Core 1.0, 5.1). A provider that sends a string may have
/// copied it from a source that users can edit, so a string counts only if its configuration says so.
/// </summary>
public static class EmailVerifiedClaim
{
    /// <summary>The name of the claim.</summary>
    public const string Name = "email_verified";

    /// <summary>Whether the claim says that the address is verified.</summary>
    /// <param name="claim">The claim; null if the provider sent none.</param>
    /// <param name="acceptString">Whether the string <c>"true"</c> counts like the boolean.</param>
    public static bool IsTrue(Claim? claim, bool acceptString) =>
        claim is not null
        && (acceptString || claim.ValueType == ClaimValueTypes.Boolean)
        && string.Equals(claim.Value, "true", StringComparison.OrdinalIgnoreCase);
}
