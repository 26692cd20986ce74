namespace Duende.AccessTokenManagement;

/// <summary>Parameters of one token request that override the options.</summary>
public record TokenRequestParameters
{
    public Scope? Scope { get; init; }

    public Resource? Resource { get; init; }
}
