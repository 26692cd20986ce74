using System.ComponentModel.DataAnnotations;

namespace Lightning.Sessions.RelyingParties;

/// <summary>The provider and this client of it: <c>Oidc:*</c>. The defaults fit Lightning.Identity.</summary>
public sealed record RelyingPartyOptions
{
    /// <summary>The issuer as browsers see it and as it stands in tokens, to the letter.</summary>
    [Required(ErrorMessage = "Oidc:Authority is not set: give the issuer's address, such as https://id.example.com.")]
    [Url(ErrorMessage = "Oidc:Authority is no address: write it like https://id.example.com.")]
    public string Authority { get; init; } = "";

    /// <summary>Where the provider's metadata is reached from here; by default below the authority. Its host then serves the back channel too.</summary>
    [Url(ErrorMessage = "Oidc:MetadataAddress is no address: write it like http://identity:8080/.well-known/openid-configuration, or leave it out.")]
    public string? MetadataAddress { get; init; }

    /// <summary>This client's name at the provider; by default the application's own.</summary>
    public string? ClientId { get; init; }

    /// <summary>This client's secret at the provider.</summary>
    [Required(ErrorMessage = "Oidc:ClientSecret is not set: give the secret that the provider knows this client by.")]
    public string ClientSecret { get; init; } = "";

    /// <summary>What is asked for, space-separated.</summary>
    [RegularExpression(@"(.*\s)?openid(\s.*)?", ErrorMessage = "Oidc:Scope must hold 'openid': write it like 'openid profile email offline_access lightning', or leave it out.")]
    public string Scope { get; init; } = "openid profile email offline_access lightning";

    /// <summary>Where the metadata stands.</summary>
    internal Uri Metadata => ProviderAddress.Metadata(Authority, MetadataAddress);
}
