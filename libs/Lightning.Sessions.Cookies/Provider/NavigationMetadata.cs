namespace Lightning.Sessions.Cookies.Provider;

/// <summary>
/// Marks an endpoint that is reached by navigation or by the provider, and so without the CSRF header.
/// </summary>
public sealed class NavigationMetadata
{
    /// <summary>The only instance.</summary>
    public static NavigationMetadata Instance { get; } = new();
}
