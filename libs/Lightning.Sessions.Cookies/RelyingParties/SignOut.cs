using Lightning.Sessions.Cookies.Provider;
using Lightning.Sessions.Cookies.Refresh;
using Lightning.Sessions.Cookies.WebSessions;
using Lightning.Sessions.Providers;
using Lightning.Sessions.Termination;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Extensions;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Lightning.Sessions.Cookies.RelyingParties;

/// <summary>Signs a browser out. The session ends in the database first, whatever the provider does.</summary>
public sealed class SignOut(
    SessionTerminator terminator,
    WebSessionStore store,
    SessionCookie cookie,
    RelyingParty party,
    IOptionsMonitor<OpenIdConnectOptions> schemes,
    IOptions<RelyingPartyOptions> options,
    AccessTokens tokens,
    ILogger<SignOut> logger
)
{
    /// <summary>
    /// Ends the request's session, deletes the cookie, and gives the URL for sign-out at the provider.
    /// </summary>
    /// <returns>A URL of the provider; <c>/</c> if there was no session, an impersonation was stopped, or the provider
    /// is unavailable.</returns>
    public async Task<string> EndAsync(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var session = context.LiveSession();
        // Read first: the tokens are deleted with the session.
        var idToken = session is not null && options.Value.ExternalProvider ? await tokens.IdTokenAsync(session) : null;
        // Not cancelled with the request: a sign-out must complete.
        if (session is not null)
        {
            await terminator.EndAsync(
                session.Id,
                session.Impersonator is null ? SessionEndReason.SignOut : SessionEndReason.ImpersonationStopped,
                context.SessionRequester()
            );
            await store.DeleteAsync(session.Hash.ToArray(), CancellationToken.None);
        }
        cookie.Delete(context.Response);
        // Not "cookies": it would also sign the user out of other applications of the same site.
        context.Response.Headers["Clear-Site-Data"] = "\"cache\", \"storage\"";
        context.Response.Headers.CacheControl = "no-store";
        if (session is null)
            return "/";
        // The provider's cookie is the administrator's own and must stay.
        if (session.Impersonator is not null)
            return "/";
        return await EndSessionUrlAsync(context, session, idToken) ?? "/";
    }

    async Task<string?> EndSessionUrlAsync(HttpContext context, LiveSession session, string? idToken)
    {
        var oidc = schemes.Get(Schemes.Provider);
        try
        {
            var provider = await oidc.ConfigurationManager!.GetConfigurationAsync(context.RequestAborted);
            if (string.IsNullOrEmpty(provider.EndSessionEndpoint))
                return null;
            return QueryHelpers.AddQueryString(
                provider.EndSessionEndpoint,
                new Dictionary<string, string?>(StringComparer.Ordinal)
                {
                    ["client_id"] = oidc.ClientId,
                    // Lightning.Identity needs only the sid. An external provider may ask the user, or not redirect
                    // back, without an ID token hint (RP-Initiated Logout 1.0, 2).
                    ["logout_hint"] = options.Value.ExternalProvider ? null : session.Id.ToString(),
                    ["id_token_hint"] = idToken,
                    ["post_logout_redirect_uri"] = UriHelper.BuildAbsolute(
                        context.Request.Scheme,
                        context.Request.Host,
                        context.Request.PathBase,
                        party.SignedOutPath
                    ),
                }
            );
        }
        catch (Exception ex) when (ProviderUnavailableException.IsCauseOf(ex))
        {
            logger.ProviderUnavailable(ex);
            return null;
        }
    }
}
