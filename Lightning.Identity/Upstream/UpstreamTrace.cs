using Lightning.Identity.Web;
using Lightning.ServiceDefaults;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.Extensions.Options;

namespace Lightning.Identity.Upstream;

/// <summary>
/// The way to an upstream provider and back is part of the trace that led there: it stands in the state, which this service has encrypted, and then in the ticket.
/// </summary>
static class UpstreamTrace
{
    /// <summary>The trace in which the provider was asked whose answer a request brings, or shows.</summary>
    public static string? Of(HttpRequest request) =>
        request.Path.StartsWithSegments(Paths.Upstream, out var provider) ? AddressedTraces.Recall(provider.HasValue ? State(request, provider.Value[1..]) : Ticket(request)) : null;

    static AuthenticationProperties? State(HttpRequest request, string provider) =>
        Service<UpstreamProviders>(request).Find(provider) is { } known && request.Query["state"] is [{ Length: > 0 } state]
            ? Service<IOptionsMonitor<OpenIdConnectOptions>>(request).Get(known.Scheme).StateDataFormat.Unprotect(state) : null;

    static AuthenticationProperties? Ticket(HttpRequest request)
    {
        var cookie = Service<IOptionsMonitor<CookieAuthenticationOptions>>(request).Get(UpstreamTicket.Scheme);
        return cookie.CookieManager.GetRequestCookie(request.HttpContext, cookie.Cookie.Name!) is { } ticket ? cookie.TicketDataFormat.Unprotect(ticket)?.Properties : null;
    }

    static T Service<T>(HttpRequest request) where T : notnull => request.HttpContext.RequestServices.GetRequiredService<T>();
}
