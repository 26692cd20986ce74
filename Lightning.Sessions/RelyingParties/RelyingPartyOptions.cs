using System.ComponentModel.DataAnnotations;

namespace Lightning.Sessions.RelyingParties;

/// <summary>The provider and this client of it: <c>Oidc:*</c>. The defaults fit Lightning.Identity.</summary>
public sealed record RelyingPartyOptions : IValidatableObject
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

    /// <summary>
    /// Whether another provider stands in Lightning.Identity's place. Sessions and users are then made when somebody comes back from it, and an ID
    /// token goes with the browser when it signs out there.
    /// </summary>
    public bool Foreign { get; init; }

    /// <summary>What is added to the authorization request, such as <c>resource</c> or <c>audience</c> where another provider wants to be told the API by that.</summary>
    public Dictionary<string, string> AuthorizationParameters { get; init; } = new(StringComparer.Ordinal);

    /// <summary>Whether signing in fails with a provider that takes no pushed authorization requests (RFC 9126); by default they are used where offered.</summary>
    public bool RequirePushedAuthorization { get; init; }

    /// <summary>
    /// Whether a logout token may lack its <c>typ</c>, as many providers' does (OpenID Connect Back-Channel Logout 1.0, 4.1). What else tells it from
    /// an ID token is checked all the same. For another provider only.
    /// </summary>
    public bool AcceptUntypedLogoutTokens { get; init; }

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (AcceptUntypedLogoutTokens && !Foreign)
            yield return new ValidationResult(
                "Oidc:AcceptUntypedLogoutTokens is for another provider than Lightning.Identity, which always says 'logout+jwt': leave it out, or set Oidc:Foreign.",
                [nameof(AcceptUntypedLogoutTokens)]);
        foreach (var name in AuthorizationParameters.Keys.Where(name => OwnParameters.Contains(name)))
            yield return new ValidationResult(
                $"Oidc:AuthorizationParameters:{name} is set by this application itself: leave it out.", [nameof(AuthorizationParameters)]);
    }

    /// <summary>What keeps an authorization request safe is no setting.</summary>
    static readonly HashSet<string> OwnParameters = new(StringComparer.OrdinalIgnoreCase)
    {
        "client_id", "client_secret", "response_type", "response_mode", "redirect_uri", "scope", "state", "nonce",
        "code_challenge", "code_challenge_method", "request", "request_uri", "prompt",
    };

    /// <summary>Where the metadata stands.</summary>
    internal Uri Metadata => ProviderAddress.Metadata(Authority, MetadataAddress);
}
