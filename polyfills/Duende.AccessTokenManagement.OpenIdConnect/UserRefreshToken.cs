using Duende.AccessTokenManagement.DPoP;

namespace Duende.AccessTokenManagement.OpenIdConnect;

/// <summary>A refresh token, and the key that it is bound to; null if it is not bound.</summary>
public sealed record UserRefreshToken(RefreshToken RefreshToken, DPoPProofKey? DPoPProofKey);
