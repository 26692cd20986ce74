using Microsoft.AspNetCore.Http;

namespace Lightning.Sessions;

/// <summary>An application that users sign in to.</summary>
/// <param name="App">The name in <c>web.sessions</c>.</param>
/// <param name="Cookie">The name of the session cookie; starts with <c>__Host-</c>.</param>
/// <param name="ClientId">The client id, unless <c>Oidc:ClientId</c> overrides it.</param>
/// <param name="Prefix">The path prefix of the authentication endpoints.</param>
public sealed record RelyingParty(string App, string Cookie, string ClientId, string Prefix = "")
{
    /// <summary>The BFF (backend for frontend).</summary>
    public static RelyingParty Bff { get; } = new("bff", "__Host-lightning", "lightning-bff", "/bff");

    /// <summary>The admin site.</summary>
    public static RelyingParty Admin { get; } =
        new("admin", "__Host-lightning-admin", "lightning-admin") { RedirectsPagesToSignIn = true };

    /// <summary>
    /// Whether a page request without a session is redirected to sign-in; otherwise it gets 401 like any request.
    /// </summary>
    public bool RedirectsPagesToSignIn { get; init; }

    /// <summary>The endpoint that starts a sign-in.</summary>
    public PathString LoginPath => Prefix + "/login";

    /// <summary>The redirect URI that receives the authorization code.</summary>
    public PathString CallbackPath => Prefix + "/signin-oidc";

    /// <summary>The redirect URI after sign-out at the provider.</summary>
    public PathString SignedOutPath => Prefix + "/signout-callback-oidc";

    /// <summary>The back-channel logout endpoint.</summary>
    public PathString BackChannelPath => Prefix + "/backchannel";
}
