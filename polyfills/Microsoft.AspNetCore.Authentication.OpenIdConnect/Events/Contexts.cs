using System.Diagnostics.CodeAnalysis;
using System.IdentityModel.Tokens.Jwt;
using System.Security.Claims;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;

namespace Microsoft.AspNetCore.Authentication.OpenIdConnect;

/// <summary>Before the browser is sent to the provider, to sign in or out.</summary>
public class RedirectContext(HttpContext context, AuthenticationScheme scheme, OpenIdConnectOptions options, AuthenticationProperties properties)
    : PropertiesContext<OpenIdConnectOptions>(context, scheme, options, properties)
{
    public OpenIdConnectMessage ProtocolMessage { get; set; } = default!;

    /// <summary>The event wrote the answer itself.</summary>
    public bool Handled { get; private set; }

    public void HandleResponse() => Handled = true;
}

/// <summary>When an authorization response arrived, before anything in it is believed.</summary>
public class MessageReceivedContext(HttpContext context, AuthenticationScheme scheme, OpenIdConnectOptions options, AuthenticationProperties? properties)
    : RemoteAuthenticationContext<OpenIdConnectOptions>(context, scheme, options, properties)
{
    public OpenIdConnectMessage ProtocolMessage { get; set; } = default!;
}

/// <summary>Before the code is redeemed.</summary>
public class AuthorizationCodeReceivedContext(HttpContext context, AuthenticationScheme scheme, OpenIdConnectOptions options, AuthenticationProperties properties)
    : RemoteAuthenticationContext<OpenIdConnectOptions>(context, scheme, options, properties)
{
    public OpenIdConnectMessage ProtocolMessage { get; set; } = default!;

    public OpenIdConnectMessage? TokenEndpointRequest { get; set; }

    public OpenIdConnectMessage? TokenEndpointResponse { get; set; }

    public HttpClient Backchannel { get; internal set; } = default!;

    /// <summary>The event redeemed the code itself.</summary>
    public bool HandledCodeRedemption => TokenEndpointResponse is not null;

    public void HandleCodeRedemption() => TokenEndpointResponse = new OpenIdConnectMessage();

    public void HandleCodeRedemption(string accessToken, string idToken) =>
        TokenEndpointResponse = new OpenIdConnectMessage { AccessToken = accessToken, IdToken = idToken };

    public void HandleCodeRedemption(OpenIdConnectMessage tokenEndpointResponse) => TokenEndpointResponse = tokenEndpointResponse;
}

/// <summary>When the token endpoint answered, before its ID token is validated.</summary>
public class TokenResponseReceivedContext : RemoteAuthenticationContext<OpenIdConnectOptions>
{
    public TokenResponseReceivedContext(
        HttpContext context, AuthenticationScheme scheme, OpenIdConnectOptions options, ClaimsPrincipal user, AuthenticationProperties properties)
        : base(context, scheme, options, properties) => Principal = user;

    public OpenIdConnectMessage ProtocolMessage { get; set; } = default!;

    public OpenIdConnectMessage TokenEndpointResponse { get; set; } = default!;
}

/// <summary>When the ID token is good by its signature and claims; its nonce is compared after this.</summary>
public class TokenValidatedContext : RemoteAuthenticationContext<OpenIdConnectOptions>
{
    public TokenValidatedContext(
        HttpContext context, AuthenticationScheme scheme, OpenIdConnectOptions options, ClaimsPrincipal principal, AuthenticationProperties properties)
        : base(context, scheme, options, properties) => Principal = principal;

    public OpenIdConnectMessage ProtocolMessage { get; set; } = default!;

    public JwtSecurityToken SecurityToken { get; set; } = default!;

    public OpenIdConnectMessage? TokenEndpointResponse { get; set; }

    public string? Nonce { get; set; }
}

/// <summary>When the user information endpoint answered.</summary>
public class UserInformationReceivedContext : RemoteAuthenticationContext<OpenIdConnectOptions>
{
    public UserInformationReceivedContext(
        HttpContext context, AuthenticationScheme scheme, OpenIdConnectOptions options, ClaimsPrincipal principal, AuthenticationProperties properties)
        : base(context, scheme, options, properties) => Principal = principal;

    public OpenIdConnectMessage ProtocolMessage { get; set; } = default!;

    public JsonDocument User { get; set; } = default!;
}

/// <summary>When an authorization response was refused.</summary>
public class AuthenticationFailedContext(HttpContext context, AuthenticationScheme scheme, OpenIdConnectOptions options)
    : RemoteAuthenticationContext<OpenIdConnectOptions>(context, scheme, options, new AuthenticationProperties())
{
    public OpenIdConnectMessage ProtocolMessage { get; set; } = default!;

    public Exception Exception { get; set; } = default!;
}

/// <summary>When the provider signs the browser out, and when the browser comes back from signing out there.</summary>
public class RemoteSignOutContext(HttpContext context, AuthenticationScheme scheme, OpenIdConnectOptions options, OpenIdConnectMessage? message)
    : RemoteAuthenticationContext<OpenIdConnectOptions>(context, scheme, options, new AuthenticationProperties())
{
    public OpenIdConnectMessage? ProtocolMessage { get; set; } = message;
}

/// <summary>Before the authorization request is pushed: the event may push it, skip it, or authenticate the client in another way.</summary>
public sealed class PushedAuthorizationContext(
    HttpContext context, AuthenticationScheme scheme, OpenIdConnectOptions options, OpenIdConnectMessage parRequest, AuthenticationProperties properties)
    : PropertiesContext<OpenIdConnectOptions>(context, scheme, options, properties)
{
    public OpenIdConnectMessage ProtocolMessage { get; } = parRequest;

    public bool HandledPush { [MemberNotNullWhen(true, nameof(RequestUri))] get; private set; }

    public bool SkippedPush { get; private set; }

    public bool HandledClientAuthentication { get; private set; }

    public string? RequestUri { get; private set; }

    public void HandlePush(string requestUri)
    {
        OnlyOne(SkippedPush || HandledClientAuthentication);
        HandledPush = true;
        RequestUri = requestUri;
    }

    public void SkipPush()
    {
        OnlyOne(HandledPush || HandledClientAuthentication);
        SkippedPush = true;
    }

    public void HandleClientAuthentication()
    {
        OnlyOne(SkippedPush || HandledPush);
        HandledClientAuthentication = true;
    }

    static void OnlyOne(bool another)
    {
        if (another)
            throw new InvalidOperationException("An event may call only one of HandlePush, SkipPush and HandleClientAuthentication.");
    }
}
