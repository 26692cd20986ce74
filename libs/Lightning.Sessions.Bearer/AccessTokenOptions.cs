using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Configuration;

namespace Lightning.Sessions.Bearer;

/// <summary>The access tokens that an API accepts: <c>Oidc:*</c>. The defaults fit Lightning.Identity.</summary>
public sealed record AccessTokenOptions
{
    /// <summary>The issuer, exactly as in the <c>iss</c> claim.</summary>
    [Required(ErrorMessage = "Oidc:Authority is not set: give the issuer's address, such as https://id.example.com.")]
    [Url(ErrorMessage = "Oidc:Authority is not a valid address: write it like https://id.example.com.")]
    public string Authority { get; init; } = "";

    /// <summary>The address of the issuer's metadata; null for the well-known path below the authority.</summary>
    [Url(
        ErrorMessage = "Oidc:MetadataAddress is not a valid address: write it like "
            + "http://identity:8080/.well-known/openid-configuration, or leave it out."
    )]
    public string? MetadataAddress { get; init; }

    /// <summary>The required <c>aud</c> claim (RFC 9068, 4).</summary>
    [Required(
        ErrorMessage = "Oidc:Audience is empty: give this API's audience, or leave the key out for 'lightning-api'."
    )]
    public string Audience { get; init; } = "lightning-api";

    /// <summary>The accepted <c>typ</c> headers, so that no other kind of token passes (RFC 8725, 3.11).</summary>
    [MinLength(1, ErrorMessage = "Oidc:AccessTokenTypes is empty: name at least one, such as 'at+jwt'.")]
    public string[] AccessTokenTypes { get; init; } = ["at+jwt"];

    /// <summary>The clients that may use client credentials, without a user or session; none by default.</summary>
    public string[] ServiceClients { get; init; } = [];

    /// <summary>
    /// Whether an external provider replaces Lightning.Identity. Its tokens may lack a <c>sid</c>. Configuration key
    /// <c>Oidc:Foreign</c>, false by default.
    /// </summary>
    [ConfigurationKeyName("Foreign")]
    public bool ExternalProvider { get; init; }
}
