using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;

namespace Lightning.Sessions.RelyingParties;

/// <summary>Signing in at an OpenID provider by authorization code and PKCE.</summary>
public static class CodeFlowExtensions
{
    /// <summary>Adds a provider as an authentication scheme. Options of another flow are refused.</summary>
    public static AuthenticationBuilder AddCodeFlow(
        this AuthenticationBuilder builder, string scheme, Action<OpenIdConnectOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.TryAddEnumerable(
            ServiceDescriptor.Singleton<IValidateOptions<OpenIdConnectOptions>, CodeFlowValidator>());
        // The handler logs codes, cookies and the provider's own words; the events log how each sign-in ended.
        builder.Services.AddLogging(logging => logging.AddFilter(typeof(OpenIdConnectHandler).FullName, LogLevel.None));
        return builder.AddOpenIdConnect(scheme, configure ?? (_ => { }));
    }

    /// <summary>RFC 9700, 2.1.2: no implicit and no hybrid flow.</summary>
    sealed class CodeFlowValidator : IValidateOptions<OpenIdConnectOptions>
    {
        public ValidateOptionsResult Validate(string? name, OpenIdConnectOptions options) =>
            options.ResponseType == OpenIdConnectResponseType.Code
            && options.ResponseMode == OpenIdConnectResponseMode.Query
            && options.UsePkce
                ? ValidateOptionsResult.Success
                : ValidateOptionsResult.Fail($"The scheme '{name}' must use the authorization code flow with PKCE: "
                    + "set ResponseType to 'code', ResponseMode to 'query' and UsePkce to true.");
    }
}
