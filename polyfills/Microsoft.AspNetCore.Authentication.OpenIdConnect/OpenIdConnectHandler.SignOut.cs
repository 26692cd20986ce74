using Microsoft.IdentityModel.Protocols.OpenIdConnect;

namespace Microsoft.AspNetCore.Authentication.OpenIdConnect;

public partial class OpenIdConnectHandler
{
    /// <summary>Sends the browser to the provider's end-session endpoint (OpenID Connect RP-Initiated Logout 1.0).</summary>
    public virtual async Task SignOutAsync(AuthenticationProperties? properties)
    {
        if (ResolveTarget(Options.ForwardSignOut) is { } target)
        {
            await Context.SignOutAsync(target, properties);
            return;
        }

        properties ??= new AuthenticationProperties();
        if (string.IsNullOrEmpty(properties.RedirectUri))
            properties.RedirectUri = Absolute(Options.SignedOutRedirectUri) is { Length: > 0 } uri ? uri : OriginalPathBase + OriginalPath + Request.QueryString;

        var configuration = await ConfigurationAsync();
        var redirect = new RedirectContext(Context, Scheme, Options, properties)
        {
            ProtocolMessage = new OpenIdConnectMessage
            {
                EnableTelemetryParameters = !Options.DisableTelemetry,
                IssuerAddress = configuration.EndSessionEndpoint ?? "",
                PostLogoutRedirectUri = Absolute(Options.SignedOutCallbackPath),
                IdTokenHint = await Context.GetTokenAsync(Options.SignOutScheme, OpenIdConnectParameterNames.IdToken),
            },
        };
        await Events.RedirectToIdentityProviderForSignOut(redirect);
        if (redirect.Handled)
            return;

        var message = redirect.ProtocolMessage;
        if (!string.IsNullOrEmpty(message.State))
            properties.Items[OpenIdConnectDefaults.UserstatePropertiesKey] = message.State;
        message.State = Options.StateDataFormat.Protect(properties);
        if (string.IsNullOrEmpty(message.IssuerAddress))
            throw new InvalidOperationException("The provider's metadata names no end-session endpoint.");
        Response.Redirect(message.CreateLogoutRequestUrl());
    }

    /// <summary>The browser is back from signing out at the provider.</summary>
    protected virtual async Task<bool> HandleSignOutCallbackAsync()
    {
        var message = await ReadMessageAsync() ?? new OpenIdConnectMessage();
        var signedOut = new RemoteSignOutContext(Context, Scheme, Options, message)
        {
            Properties = string.IsNullOrEmpty(message.State) ? null : Options.StateDataFormat.Unprotect(message.State),
        };
        await Events.SignedOutCallbackRedirect(signedOut);
        if (Settled(signedOut) is { } answered)
            return answered;
        if (!string.IsNullOrEmpty(signedOut.Properties?.RedirectUri))
            Response.Redirect(signedOut.Properties.RedirectUri);
        return true;
    }

    /// <summary>The provider's page loads this in a frame (OpenID Connect Front-Channel Logout 1.0); it must name this session.</summary>
    protected virtual async Task<bool> HandleRemoteSignOutAsync()
    {
        var message = await ReadMessageAsync();
        var signOut = new RemoteSignOutContext(Context, Scheme, Options, message);
        await Events.RemoteSignOut(signOut);
        if (Settled(signOut) is { } answered)
            return answered;
        if (message is null)
            return false;

        var principal = (await Context.AuthenticateAsync(Options.SignOutScheme)).Principal;
        foreach (var (name, value) in new[] { ("sid", message.Sid), ("iss", message.Iss) })
        {
            if (principal?.FindFirst(name) is { } claim && !string.Equals(claim.Value, value, StringComparison.Ordinal))
            {
                Log.RemoteSignOutIgnored(Logger, name);
                return true;
            }
        }
        await Context.SignOutAsync(Options.SignOutScheme);
        return true;
    }

    static bool? Settled(RemoteSignOutContext context) => context.Result switch
    {
        { Handled: true } => true,
        { Skipped: true } => false,
        { Failure: { } failure } => throw new InvalidOperationException("An event refused the sign-out.", failure),
        _ => null,
    };

    string? Absolute(string? uri) => uri is ['/', ..] ? BuildRedirectUri(uri) : uri;
}
