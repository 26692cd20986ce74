using Lightning.ServiceDefaults;
using Lightning.Sessions.Cookies.Provider;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Lightning.Sessions.Cookies.RelyingParties;

/// <summary>
/// Continues the trace of a sign-in in its callback. The trace context is stored in the encrypted state.
/// </summary>
static class SignInTrace
{
    /// <summary>Gets the trace of the sign-in from its callback; null for other requests.</summary>
    public static Func<HttpRequest, string?> Reader(RelyingParty party) =>
        request =>
        {
            if (request.Path != party.CallbackPath || request.Query["state"] is not [{ Length: > 0 } state])
                return null;
            var options = request
                .HttpContext.RequestServices.GetRequiredService<IOptionsMonitor<OpenIdConnectOptions>>()
                .Get(Schemes.Provider);
            return TraceContinuation.Restore(options.StateDataFormat.Unprotect(state));
        };
}
