using Lightning.Sessions.Providers;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;

namespace Lightning.Sessions.Cookies.RelyingParties;

/// <summary>Checks of a provider's responses that the OpenID Connect handler does not make.</summary>
public abstract class CodeFlowEvents : OpenIdConnectEvents
{
    const string NonceKey = "nonce";

    /// <summary>
    /// Remembers the nonce in the state. The handler itself accepts the nonce of any sign-in that the browser has
    /// begun.
    /// </summary>
    public override Task RedirectToIdentityProvider(RedirectContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        context.Properties.Items[NonceKey] = context.ProtocolMessage.Nonce;
        return Task.CompletedTask;
    }

    /// <summary>
    /// Pushes the authorization request (RFC 9126). The handler itself fails with 500 on an HTML response.
    /// </summary>
    /// <exception cref="OpenIdConnectProtocolException">The provider rejected the request.</exception>
    /// <exception cref="ProviderUnavailableException">The response is not JSON, such as one of a proxy.</exception>
    public override async Task PushAuthorization(PushedAuthorizationContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var options = context.Options;
        var cancellationToken = context.HttpContext.RequestAborted;
        var metadata = await options.ConfigurationManager!.GetConfigurationAsync(cancellationToken);
        var parameters = new Dictionary<string, string>(context.ProtocolMessage.Parameters, StringComparer.Ordinal);
        if (!string.IsNullOrEmpty(options.ClientSecret))
            parameters[OpenIdConnectParameterNames.ClientSecret] = options.ClientSecret;

        using var form = new FormUrlEncodedContent(parameters);
        using var response = await options.Backchannel.PostAsync(
            metadata.PushedAuthorizationRequestEndpoint,
            form,
            cancellationToken
        );
        var message = Parse(await response.Content.ReadAsStringAsync(cancellationToken));
        if (string.IsNullOrEmpty(message?.RequestUri))
        {
            var status = (int)response.StatusCode;
            throw message?.Error is { } error
                ? new OpenIdConnectProtocolException(
                    $"The provider rejected the pushed authorization request: {error}."
                )
                : new ProviderUnavailableException(
                    $"The pushed authorization request got status {status} without JSON."
                );
        }
        context.HandlePush(message.RequestUri);
    }

    /// <summary>
    /// Rejects a response of another issuer (RFC 9207, 2.4), or with a token, which the handler accepts.
    /// </summary>
    public override async Task MessageReceived(MessageReceivedContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var response = context.ProtocolMessage;
        var options = context.Options;
        if (!string.IsNullOrEmpty(response.IdToken) || !string.IsNullOrEmpty(response.AccessToken))
        {
            context.Fail("The authorization response has a token, which the code flow does not allow.");
            return;
        }
        var metadata = await options.ConfigurationManager!.GetConfigurationAsync(context.HttpContext.RequestAborted);
        var isOfIssuer = response.Iss is { } issuer
            ? string.Equals(issuer, options.Authority, StringComparison.Ordinal)
            : !metadata.AuthorizationResponseIssParameterSupported;
        if (!isOfIssuer)
            context.Fail("The authorization response is from another issuer.");
    }

    /// <summary>
    /// Rejects an ID token that is unsigned, which the handler accepts, issued to another client, or issued for another
    /// sign-in of this browser.
    /// </summary>
    public override Task TokenValidated(TokenValidatedContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var token = context.SecurityToken;
        var algorithms = context.Options.TokenValidationParameters.ValidAlgorithms;
        if (!algorithms.Contains(token.Header.Alg, StringComparer.Ordinal))
            context.Fail("The ID token is not signed with an allowed algorithm.");
        // OpenID Connect Core 1.0, 3.1.3.7, steps 3 to 5.
        else if (token.Payload.Azp is { } party ? party != context.Options.ClientId : token.Audiences.Skip(1).Any())
            context.Fail("The ID token was issued to another party.");
        // OpenID Connect Core 1.0, 3.1.3.7, step 11.
        else if (
            context.Properties is not { Items: var items }
            || !items.Remove(NonceKey, out var nonce)
            || token.Payload.Nonce != nonce
        )
            context.Fail("The ID token was issued for another sign-in.");
        return Task.CompletedTask;
    }

    /// <summary>Whether a check rejected the sign-in, as opposed to an unexpected error.</summary>
    protected static bool IsRefusal(Exception? failure) =>
        failure is null or AuthenticationFailureException or OpenIdConnectProtocolException or SecurityTokenException;

    static OpenIdConnectMessage? Parse(string json)
    {
        try
        {
            return new OpenIdConnectMessage(json);
        }
        catch (ArgumentException)
        {
            return null;
        }
    }
}
