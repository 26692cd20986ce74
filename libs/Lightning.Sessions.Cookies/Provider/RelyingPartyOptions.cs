using System.ComponentModel.DataAnnotations;
using Lightning.Sessions.Providers;
using Microsoft.Extensions.Configuration;

namespace Lightning.Sessions.Cookies.Provider;

/// <summary>The OpenID provider and its client: <c>Oidc:*</c>. The defaults fit Lightning.Identity.</summary>
public sealed record RelyingPartyOptions : IValidatableObject
{
    /// <summary>The issuer, exactly as in tokens; browsers reach the provider at this address.</summary>
    [Required(ErrorMessage = "Oidc:Authority is not set: give the issuer's address, such as https://id.example.com.")]
    [Url(ErrorMessage = "Oidc:Authority is not a valid address: write it like https://id.example.com.")]
    public string Authority { get; init; } = "";

    /// <summary>
    /// The address of the provider's metadata; null for the well-known path below the authority. Back-channel requests
    /// go to the same host.
    /// </summary>
    [Url(
        ErrorMessage = "Oidc:MetadataAddress is not a valid address: write it like "
            + "http://identity:8080/.well-known/openid-configuration, or leave it out."
    )]
    public string? MetadataAddress { get; init; }

    /// <summary>The client id; null for the application's default.</summary>
    public string? ClientId { get; init; }

    /// <summary>The client secret.</summary>
    [Required(ErrorMessage = "Oidc:ClientSecret is not set: give the secret that the provider knows this client by.")]
    public string ClientSecret { get; init; } = "";

    /// <summary>The requested scopes, separated by spaces.</summary>
    [RegularExpression(
        @"(.*\s)?openid(\s.*)?",
        ErrorMessage = "Oidc:Scope must hold 'openid': write it like 'openid profile email offline_access "
            + "lightning', or leave it out."
    )]
    public string Scope { get; init; } = "openid profile email offline_access lightning";

    /// <summary>
    /// Whether an external provider replaces Lightning.Identity. Users and sessions are then created at sign-in, and
    /// sign-out sends an ID token hint. Configuration key <c>Oidc:Foreign</c>, false by default.
    /// </summary>
    [ConfigurationKeyName("Foreign")]
    public bool ExternalProvider { get; init; }

    /// <summary>
    /// Additional parameters of the authorization request, such as <c>resource</c> or <c>audience</c>.
    /// </summary>
    public Dictionary<string, string> AuthorizationParameters { get; init; } = new(StringComparer.Ordinal);

    /// <summary>
    /// Whether sign-in fails if the provider does not support pushed authorization requests (RFC 9126). By default they
    /// are used if supported.
    /// </summary>
    public bool RequirePushedAuthorization { get; init; }

    /// <summary>
    /// Whether a logout token may lack its <c>typ</c>, as with many providers (OpenID Connect Back-Channel Logout 1.0,
    /// 4.1). The other checks still apply. For an external provider only.
    /// </summary>
    public bool AcceptUntypedLogoutTokens { get; init; }

    /// <summary>
    /// Whether the string <c>"true"</c> counts as <c>email_verified</c>, which is a boolean (OpenID Connect Core 1.0,
    /// 5.1). For an external provider only.
    /// </summary>
    public bool AcceptEmailVerifiedAsString { get; init; }

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (AcceptUntypedLogoutTokens && !ExternalProvider)
            yield return new ValidationResult(
                "Oidc:AcceptUntypedLogoutTokens is for an external provider; Lightning.Identity always sends "
                    + "'logout+jwt': leave it out, or set Oidc:Foreign.",
                [nameof(AcceptUntypedLogoutTokens)]
            );
        if (AcceptEmailVerifiedAsString && !ExternalProvider)
            yield return new ValidationResult(
                "Oidc:AcceptEmailVerifiedAsString is for an external provider; Lightning.Identity always sends a "
                    + "boolean: leave it out, or set Oidc:Foreign.",
                [nameof(AcceptEmailVerifiedAsString)]
            );
        foreach (var name in AuthorizationParameters.Keys.Where(name => ReservedParameters.Contains(name)))
            yield return new ValidationResult(
                $"Oidc:AuthorizationParameters:{name} is set by the application: leave it out.",
                [nameof(AuthorizationParameters)]
            );
    }

    /// <summary>The parameters that the application sets itself, because the flow's security depends on them.</summary>
    static readonly HashSet<string> ReservedParameters = new(StringComparer.OrdinalIgnoreCase)
    {
        "client_id",
        "client_secret",
        "response_type",
        "response_mode",
        "redirect_uri",
        "scope",
        "state",
        "nonce",
        "code_challenge",
        "code_challenge_method",
        "request",
        "request_uri",
        "prompt",
    };

    /// <summary>The address of the metadata.</summary>
    internal Uri Metadata => ProviderAddress.Metadata(Authority, MetadataAddress);
}
