namespace Duende.AccessTokenManagement.DPoP;

/// <summary>The key of sender-constrained tokens (RFC 9449). Not implemented here, so none can be made: it stands for the absent key only.</summary>
public readonly record struct DPoPProofKey
{
    public DPoPProofKey() => throw StringValue.Empty();
}
