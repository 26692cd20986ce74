using Lightning.ServiceDefaults;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Lightning.Sessions.RelyingParties;

/// <summary>
/// One sign-in, one trace: where it began stands in the state, which this application has encrypted, and the answer that brings it back goes on there.
/// </summary>
static class SignInTrace
{
    /// <summary>The trace of the sign-in that a request is the answer to.</summary>
    public static Func<HttpRequest, string?> Of(RelyingParty party) => request =>
    {
        if (request.Path != party.CallbackPath || request.Query["state"] is not [{ Length: > 0 } state]) return null;
        var options = request.HttpContext.RequestServices.GetRequiredService<IOptionsMonitor<OpenIdConnectOptions>>().Get(Schemes.Provider);
        return AddressedTraces.Recall(options.StateDataFormat.Unprotect(state));
    };
}
