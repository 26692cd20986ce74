using Microsoft.AspNetCore.Http;

namespace Lightning.Sessions.RelyingParties;

/// <summary>An application that people sign in to: what it is called towards the browser, the provider and the database.</summary>
/// <param name="App">Its name in <c>web.sessions</c>.</param>
/// <param name="Cookie">Its session cookie; starts with <c>__Host-</c>.</param>
/// <param name="ClientId">Its name at the provider, unless <c>Oidc:ClientId</c> gives another.</param>
/// <param name="Prefix">Where its own addresses begin.</param>
public sealed record RelyingParty(string App, string Cookie, string ClientId, string Prefix = "")
{
    /// <summary>The back end for the front end.</summary>
    public static RelyingParty Bff { get; } = new("bff", "__Host-lightning", "lightning-bff", "/bff");

    /// <summary>The admin site.</summary>
    public static RelyingParty Admin { get; } = new("admin", "__Host-lightning-admin", "lightning-admin") { SendsPagesToSignIn = true };

    /// <summary>Whether a page asked for without a session leads to signing in; otherwise it is 401 like any other request.</summary>
    public bool SendsPagesToSignIn { get; init; }

    /// <summary>Where signing in begins.</summary>
    public PathString LoginPath => Prefix + "/login";

    /// <summary>Where the provider sends the browser with a code.</summary>
    public PathString CallbackPath => Prefix + "/signin-oidc";

    /// <summary>Where the provider sends the browser after signing out there.</summary>
    public PathString SignedOutPath => Prefix + "/signout-callback-oidc";

    /// <summary>Where the provider says that a session has ended.</summary>
    public PathString BackChannelPath => Prefix + "/backchannel";
}
