using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;

namespace Lightning.Sessions.RelyingParties;

/// <summary>Metadata and keys of an OpenID provider: fetched when first needed, refreshed in the background.</summary>
/// <param name="address">Where the metadata is. Plain http is allowed where this address says http.</param>
/// <param name="issuer">The issuer that it must name, to the letter (OpenID Connect Discovery 1.0, 4.3).</param>
/// <param name="client">Fetches metadata and keys.</param>
public sealed class ProviderMetadata(Uri address, string issuer, HttpClient client)
    : ConfigurationManager<OpenIdConnectConfiguration>(
        address.ToString(),
        new OpenIdConnectConfigurationRetriever(),
        new HttpDocumentRetriever(client) { RequireHttps = address.Scheme == Uri.UriSchemeHttps },
        new IssuerValidator(issuer))
{
    /// <inheritdoc/>
    /// <exception cref="ProviderUnavailableException">It was never fetched and cannot be fetched now.</exception>
    public override Task<OpenIdConnectConfiguration> GetConfigurationAsync(CancellationToken cancel)
    {
        var metadata = base.GetConfigurationAsync(cancel);
        return metadata.IsCompletedSuccessfully ? metadata : FetchAsync(metadata);
    }

    static async Task<OpenIdConnectConfiguration> FetchAsync(Task<OpenIdConnectConfiguration> metadata)
    {
        try
        {
            return await metadata;
        }
        catch (InvalidOperationException ex)
        {
            throw new ProviderUnavailableException("The provider's metadata cannot be fetched.", ex);
        }
    }

    sealed class IssuerValidator(string issuer) : IConfigurationValidator<OpenIdConnectConfiguration>
    {
        public ConfigurationValidationResult Validate(OpenIdConnectConfiguration configuration) => new()
        {
            Succeeded = string.Equals(configuration.Issuer, issuer, StringComparison.Ordinal),
            ErrorMessage = $"The metadata names the issuer '{configuration.Issuer}', configuration (Authority) "
                + $"names '{issuer}': they must be the same to the letter.",
        };
    }
}
