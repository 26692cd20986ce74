using System.ComponentModel.DataAnnotations;

namespace Lightning.Sessions.Gate;

/// <summary>Which access tokens an API takes: <c>Oidc:*</c>. The defaults fit Lightning.Identity.</summary>
public sealed record AccessTokenOptions
{
    /// <summary>The issuer as it stands in tokens, to the letter.</summary>
    [Required(ErrorMessage = "Oidc:Authority is not set: give the issuer's address, such as https://id.example.com.")]
    [Url(ErrorMessage = "Oidc:Authority is no address: write it like https://id.example.com.")]
    public string Authority { get; init; } = "";

    /// <summary>Where the issuer's metadata is reached from here; by default below the authority.</summary>
    [Url(ErrorMessage = "Oidc:MetadataAddress is no address: write it like http://identity:8080/.well-known/openid-configuration, or leave it out.")]
    public string? MetadataAddress { get; init; }

    /// <summary>The audience that a token must name (RFC 9068, 4).</summary>
    [Required(ErrorMessage = "Oidc:Audience is empty: give this API's audience, or leave the key out for 'lightning-api'.")]
    public string Audience { get; init; } = "lightning-api";

    /// <summary>The values of <c>typ</c> that are access tokens; an ID token or a logout token is none (RFC 8725, 3.11).</summary>
    [MinLength(1, ErrorMessage = "Oidc:AccessTokenTypes is empty: name at least one, such as 'at+jwt'.")]
    public string[] AccessTokenTypes { get; init; } = ["at+jwt"];

    /// <summary>The clients that may call as themselves, without a person and a session; none by default.</summary>
    public string[] ServiceClients { get; init; } = [];

    /// <summary>
    /// Whether another provider stands in Lightning.Identity's place: the <c>sid</c> of its tokens is a name of its own, and may be missing.
    /// </summary>
    public bool Foreign { get; init; }
}
