using System.Security.Claims;
using System.Text.Json;
using Microsoft.AspNetCore.Authentication.OAuth.Claims;

namespace Microsoft.AspNetCore.Authentication.OpenIdConnect.Claims;

/// <summary>Takes a claim from the user information unless the identity holds the same one already.</summary>
public class UniqueJsonKeyClaimAction(string claimType, string valueType, string jsonKey) : JsonKeyClaimAction(claimType, valueType, jsonKey)
{
    public override void Run(JsonElement userData, ClaimsIdentity identity, string issuer)
    {
        if (!userData.TryGetProperty(JsonKey, out var member) || member.ValueKind is JsonValueKind.Null or JsonValueKind.Undefined)
            return;

        var value = member.ToString();
        if (value.Length == 0 || identity.Claims.Any(claim => IsSame(claim, value)))
            return;

        base.Run(userData, identity, issuer);
    }

    // An identity made with inbound claim mapping holds "sub" under its long name.
    bool IsSame(Claim claim, string value) =>
        string.Equals(claim.Value, value, StringComparison.Ordinal)
        && (string.Equals(claim.Type, ClaimType, StringComparison.OrdinalIgnoreCase)
            || (claim.Properties.TryGetValue("http://schemas.xmlsoap.org/ws/2005/05/identity/claimproperties/ShortTypeName", out var shortName)
                && string.Equals(shortName, ClaimType, StringComparison.OrdinalIgnoreCase)));
}
