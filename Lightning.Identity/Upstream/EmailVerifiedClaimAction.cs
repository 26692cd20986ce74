using System.Security.Claims;
using System.Text.Json;
using Lightning.Sessions.Providers;
using Microsoft.AspNetCore.Authentication.OAuth.Claims;

namespace Lightning.Identity.Upstream;

/// <summary>
/// Adds <c>email_verified</c> of a UserInfo response unless the ID token has it, and keeps whether it is a boolean,
/// which the framework's claim actions do not.
/// </summary>
sealed class EmailVerifiedClaimAction() : ClaimAction(EmailVerifiedClaim.Name, ClaimValueTypes.Boolean)
{
    /// <inheritdoc/>
    public override void Run(JsonElement userData, ClaimsIdentity identity, string issuer)
    {
        if (identity.HasClaim(claim => claim.Type == ClaimType) || !userData.TryGetProperty(ClaimType, out var value))
            return;
        var isBoolean = value.ValueKind is JsonValueKind.True or JsonValueKind.False;
        identity.AddClaim(
            new Claim(ClaimType, value.ToString(), isBoolean ? ValueType : ClaimValueTypes.String, issuer)
        );
    }
}
