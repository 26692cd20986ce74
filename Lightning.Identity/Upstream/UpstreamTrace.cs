using Lightning.Identity.Web;
using Lightning.ServiceDefaults;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.Extensions.Options;

namespace Lightning.Identity.Upstream;

/// <summary>
/// Continues the trace of a sign-in across the redirects to an upstream provider: it is part of the encrypted state,
/// and then of the ticket.
/// </summary>
sealed class UpstreamTrace(
    UpstreamProviders providers,
    IOptionsMonitor<OpenIdConnectOptions> schemes,
    IOptionsMonitor<CookieAuthenticationOptions> cookies
)
{
    /// <summary>The trace of the sign-in that a request belongs to; null if it belongs to none.</summary>
    public string? Of(HttpRequest request) =>
        request.Path.StartsWithSegments(Paths.Upstream, out var provider)
            ? TraceContinuation.Restore(provider.HasValue ? State(request, provider.Value[1..]) : Ticket(request))
            : null;

    AuthenticationProperties? State(HttpRequest request, string provider) =>
        providers.Find(provider) is { } known && request.Query["state"] is [{ Length: > 0 } state]
            ? schemes.Get(known.Scheme).StateDataFormat.Unprotect(state)
            : null;

    AuthenticationProperties? Ticket(HttpRequest request)
    {
        var cookie = cookies.Get(UpstreamTicket.Scheme);
        return cookie.CookieManager.GetRequestCookie(request.HttpContext, cookie.Cookie.Name!) is { } ticket
            ? cookie.TicketDataFormat.Unprotect(ticket)?.Properties
            : null;
    }
}
