using System.Security.Claims;
using Microsoft.AspNetCore.Authentication.OAuth.Claims;
using Microsoft.AspNetCore.Authentication.OpenIdConnect.Claims;

namespace Microsoft.AspNetCore.Authentication;

/// <summary>Claim actions that add nothing twice.</summary>
public static class ClaimActionCollectionUniqueExtensions
{
    public static void MapUniqueJsonKey(this ClaimActionCollection collection, string claimType, string jsonKey) =>
        collection.MapUniqueJsonKey(claimType, jsonKey, ClaimValueTypes.String);

    public static void MapUniqueJsonKey(this ClaimActionCollection collection, string claimType, string jsonKey, string valueType)
    {
        ArgumentNullException.ThrowIfNull(collection);
        collection.Add(new UniqueJsonKeyClaimAction(claimType, valueType, jsonKey));
    }
}
