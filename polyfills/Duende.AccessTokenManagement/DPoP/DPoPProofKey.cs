namespace Duende.AccessTokenManagement.DPoP;

/// <summary>
/// The key of sender-constrained tokens (RFC 9449). Not supported by the polyfill, so it cannot be created.
/// </summary>
public readonly record struct DPoPProofKey
{
    public DPoPProofKey() => throw StringValue.Empty();
}
