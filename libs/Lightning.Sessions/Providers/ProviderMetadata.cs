using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;

namespace Lightning.Sessions.Providers;

/// <summary>An OpenID provider's metadata and keys: fetched on first use, refreshed in the background.</summary>
/// <param name="address">The address of the metadata. Plain http is allowed only if this address uses it.</param>
/// <param name="issuer">The issuer that the metadata must have, exactly (OpenID Connect Discovery 1.0, 4.3).</param>
/// <param name="client">The client that fetches metadata and keys.</param>
public sealed class ProviderMetadata(Uri address, string issuer, HttpClient client)
    : ConfigurationManager<OpenIdConnectConfiguration>(
        address.ToString(),
        new OpenIdConnectConfigurationRetriever(),
        new HttpDocumentRetriever(client) { RequireHttps = address.Scheme == Uri.UriSchemeHttps },
        new IssuerValidator(issuer)
    )
{
    /// <inheritdoc/>
    /// <exception cref="ProviderUnavailableException">It was not fetched before and cannot be fetched now.</exception>
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
        public ConfigurationValidationResult Validate(OpenIdConnectConfiguration configuration) =>
            new()
            {
                Succeeded = string.Equals(configuration.Issuer, issuer, StringComparison.Ordinal),
                ErrorMessage =
                    $"The metadata has the issuer '{configuration.Issuer}', the configuration (Authority) "
                    + $"has '{issuer}': they must be identical.",
            };
    }
}
