namespace Duende.AccessTokenManagement;

/// <summary>What one token request may ask beyond the options.</summary>
public record TokenRequestParameters
{
    public Scope? Scope { get; init; }

    public Resource? Resource { get; init; }
}
