using Lightning.Sessions.Ends;
using Lightning.Sessions.Refresh;
using Lightning.Sessions.WebSessions;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Extensions;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Lightning.Sessions.RelyingParties;

/// <summary>Signs a browser out: the session ends in the database first, whatever the provider does.</summary>
public sealed class SignOut
{
    readonly SessionEnds ends;
    readonly WebSessionStore store;
    readonly SessionCookie cookie;
    readonly RelyingParty party;
    readonly IOptionsMonitor<OpenIdConnectOptions> schemes;
    readonly IOptions<RelyingPartyOptions> options;
    readonly AccessTokens tokens;
    readonly ILogger<SignOut> logger;

    SignOut(SessionEnds ends, WebSessionStore store, SessionCookie cookie, RelyingParty party, IOptionsMonitor<OpenIdConnectOptions> schemes,
        IOptions<RelyingPartyOptions> options, AccessTokens tokens, ILogger<SignOut> logger) =>
        (this.ends, this.store, this.cookie, this.party, this.schemes, this.options, this.tokens, this.logger) = (ends, store, cookie, party, schemes, options, tokens, logger);

    internal static SignOut Create(IServiceProvider services) => new(
        services.GetRequiredService<SessionEnds>(), services.GetRequiredService<WebSessionStore>(), services.GetRequiredService<SessionCookie>(), services.GetRequiredService<RelyingParty>(),
        services.GetRequiredService<IOptionsMonitor<OpenIdConnectOptions>>(), services.GetRequiredService<IOptions<RelyingPartyOptions>>(),
        services.GetRequiredService<AccessTokens>(), services.GetRequiredService<ILogger<SignOut>>());

    /// <summary>Ends the request's session everywhere, takes the cookie away, and says where the browser signs out at the provider.</summary>
    /// <returns>An address of the provider; <c>/</c> where nobody was signed in, an administrator stopped acting as somebody, or the provider cannot be asked.</returns>
    public async Task<string> EndAsync(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var session = context.LiveSession();
        // Read while it can be: what stands behind the cookie goes with the session.
        var idToken = session is not null && options.Value.Foreign ? await tokens.IdTokenAsync(session) : null;
        // Not cancelled with the request: whoever asked to be signed out must be.
        if (session is not null)
        {
            await ends.EndAsync(session.Id, session.ActedBy is null ? EndedBy.SignOut : EndedBy.Actor, session, context.Connection.RemoteIpAddress?.ToString());
            await store.DeleteAsync(session.Hash.ToArray(), CancellationToken.None);
        }
        cookie.Delete(context.Response);
        // Not "cookies": it would sign the person out of sibling applications of the same site.
        context.Response.Headers["Clear-Site-Data"] = "\"cache\", \"storage\"";
        context.Response.Headers.CacheControl = "no-store";
        if (session is null) return "/";
        // The provider has no cookie of a session in which an administrator acts; the one that it has is the administrator's own, and stays.
        if (session.ActedBy is not null) return "/";
        return await ProviderAsync(context, session, idToken) ?? "/";
    }

    async Task<string?> ProviderAsync(HttpContext context, LiveSession session, string? idToken)
    {
        var oidc = schemes.Get(Schemes.Provider);
        try
        {
            var provider = await oidc.ConfigurationManager!.GetConfigurationAsync(context.RequestAborted);
            if (string.IsNullOrEmpty(provider.EndSessionEndpoint)) return null;
            return QueryHelpers.AddQueryString(provider.EndSessionEndpoint, new Dictionary<string, string?>(StringComparer.Ordinal)
            {
                ["client_id"] = oidc.ClientId,
                // Ours knows the session by its name. Another provider may ask the person, or refuse to lead back, without the token (RP-Initiated Logout 1.0, 2).
                ["logout_hint"] = options.Value.Foreign ? null : session.Id.ToString(),
                ["id_token_hint"] = idToken,
                ["post_logout_redirect_uri"] = UriHelper.BuildAbsolute(context.Request.Scheme, context.Request.Host, context.Request.PathBase, party.SignedOutPath),
            });
        }
        catch (Exception fault) when (ProviderUnavailableException.IsCauseOf(fault))
        {
            logger.ProviderAway(fault);
            return null;
        }
    }
}
