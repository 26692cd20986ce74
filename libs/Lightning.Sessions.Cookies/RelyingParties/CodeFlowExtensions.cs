using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;

namespace Lightning.Sessions.Cookies.RelyingParties;

/// <summary>Adds sign-in by the authorization code flow with PKCE.</summary>
public static class CodeFlowExtensions
{
    /// <summary>Adds a provider as an authentication scheme. Its options must not use another flow.</summary>
    public static AuthenticationBuilder AddCodeFlow(
        this AuthenticationBuilder builder,
        string scheme,
        Action<OpenIdConnectOptions>? configure = null
    )
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.TryAddEnumerable(
            ServiceDescriptor.Singleton<IValidateOptions<OpenIdConnectOptions>, CodeFlowValidator>()
        );
        // The handler logs codes, cookies and provider responses. The events log each outcome instead.
        builder.Services.AddLogging(logging => logging.AddFilter(typeof(CodeFlowHandler).FullName, LogLevel.None));
        // As AddOpenIdConnect does, which adds the framework's own handler.
        builder.Services.TryAddEnumerable(
            ServiceDescriptor.Singleton<
                IPostConfigureOptions<OpenIdConnectOptions>,
                OpenIdConnectPostConfigureOptions
            >()
        );
        builder.AddRemoteScheme<OpenIdConnectOptions, CodeFlowHandler>(
            scheme,
            OpenIdConnectDefaults.DisplayName,
            options =>
            {
                options.RemoteAuthenticationTimeout = SignInCookies.Lifetime;
                options.ProtocolValidator.NonceLifetime = SignInCookies.Lifetime;
                configure?.Invoke(options);
            }
        );
        // After the defaults, which set the protection and the clock.
        builder.Services.TryAddEnumerable(
            ServiceDescriptor.Singleton<IPostConfigureOptions<OpenIdConnectOptions>, NonceCookieFormat>()
        );
        return builder;
    }

    /// <summary>Puts the time into the names of nonce cookies.</summary>
    sealed class NonceCookieFormat : IPostConfigureOptions<OpenIdConnectOptions>
    {
        public void PostConfigure(string? name, OpenIdConnectOptions options) =>
            options.StringDataFormat = new SignInCookies.NonceFormat(
                options.StringDataFormat,
                options.TimeProvider ?? TimeProvider.System
            );
    }

    /// <summary>RFC 9700, 2.1.2: no implicit and no hybrid flow.</summary>
    sealed class CodeFlowValidator : IValidateOptions<OpenIdConnectOptions>
    {
        public ValidateOptionsResult Validate(string? name, OpenIdConnectOptions options) =>
            options.ResponseType == OpenIdConnectResponseType.Code
            && options.ResponseMode == OpenIdConnectResponseMode.Query
            && options.UsePkce
                ? ValidateOptionsResult.Success
                : ValidateOptionsResult.Fail(
                    $"The scheme '{name}' must use the authorization code flow with PKCE: "
                        + "set ResponseType to 'code', ResponseMode to 'query' and UsePkce to true."
                );
    }
}
