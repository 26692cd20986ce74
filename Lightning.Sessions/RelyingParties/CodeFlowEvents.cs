using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;

namespace Lightning.Sessions.RelyingParties;

/// <summary>What Lightning checks in a provider's responses beyond what the OpenID Connect handler checks.</summary>
public abstract class CodeFlowEvents : OpenIdConnectEvents
{
    /// <summary>Pushes the authorization request (RFC 9126). The handler by itself answers 500 to HTML.</summary>
    /// <exception cref="OpenIdConnectProtocolException">The provider refuses the request.</exception>
    /// <exception cref="ProviderUnavailableException">The response is not JSON: a proxy's, for example.</exception>
    public override async Task PushAuthorization(PushedAuthorizationContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var (options, cancellation) = (context.Options, context.HttpContext.RequestAborted);
        var metadata = await options.ConfigurationManager!.GetConfigurationAsync(cancellation);
        var parameters = new Dictionary<string, string>(context.ProtocolMessage.Parameters, StringComparer.Ordinal);
        if (!string.IsNullOrEmpty(options.ClientSecret))
            parameters[OpenIdConnectParameterNames.ClientSecret] = options.ClientSecret;

        using var form = new FormUrlEncodedContent(parameters);
        using var response = await options.Backchannel.PostAsync(
            metadata.PushedAuthorizationRequestEndpoint, form, cancellation);
        var message = Parse(await response.Content.ReadAsStringAsync(cancellation));
        if (string.IsNullOrEmpty(message?.RequestUri))
        {
            var status = (int)response.StatusCode;
            throw message?.Error is { } error
                ? new OpenIdConnectProtocolException($"The provider refuses the pushed authorization request: {error}.")
                : new ProviderUnavailableException($"A pushed authorization request got status {status} without JSON.");
        }
        context.HandlePush(message.RequestUri);
    }

    /// <summary>Accepts a response of this provider (RFC 9207, 2.4), and no token, which the handler takes.</summary>
    public override async Task MessageReceived(MessageReceivedContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var (response, options) = (context.ProtocolMessage, context.Options);
        if (!string.IsNullOrEmpty(response.IdToken) || !string.IsNullOrEmpty(response.AccessToken))
        {
            context.Fail("The authorization response has a token; the code flow has none there.");
            return;
        }
        var metadata = await options.ConfigurationManager!.GetConfigurationAsync(context.HttpContext.RequestAborted);
        var isOfIssuer = response.Iss is { } issuer
            ? string.Equals(issuer, options.Authority, StringComparison.Ordinal)
            : !metadata.AuthorizationResponseIssParameterSupported;
        if (!isOfIssuer) context.Fail("The authorization response is another issuer's.");
    }

    /// <summary>Accepts an ID token that is signed (the handler takes others) and was issued to this client.</summary>
    public override Task TokenValidated(TokenValidatedContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var token = context.SecurityToken;
        var algorithms = context.Options.TokenValidationParameters.ValidAlgorithms;
        if (!algorithms.Contains(token.Header.Alg, StringComparer.Ordinal))
            context.Fail("The ID token is not signed with an algorithm that is allowed.");
        // OpenID Connect Core 1.0, 3.1.3.7, steps 3 to 5.
        else if (token.Payload.Azp is { } party ? party != context.Options.ClientId : token.Audiences.Skip(1).Any())
            context.Fail("The ID token was issued to another party.");
        return Task.CompletedTask;
    }

    /// <summary>Whether a sign-in failed because a check refused it, and not by a fault of this application.</summary>
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
