using System.Security.Claims;
using Lightning.Data.Rules;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Lightning.Sessions.Gate;

/// <summary>
/// Services that call an API as themselves. Their tokens have no session that could be asked for (RFC 6749, 4.4), so they have a rule of their own, and are denied by
/// default twice: the API must name the client in <c>Oidc:ServiceClients</c>, which is asked at every call, and an endpoint must state <see cref="Policy"/>.
/// Whoever is admitted so is no <see cref="Actor"/> and gets nowhere else.
/// </summary>
public static class ServiceGate
{
    /// <summary>The policy of an endpoint for services: a service of <c>Oidc:ServiceClients</c>, and no person.</summary>
    public const string Policy = "service";

    internal static AuthorizationPolicyBuilder RequireService(this AuthorizationPolicyBuilder policy) =>
        policy.RequireAuthenticatedUser().RequireAssertion(context => !IsPerson(context));

    /// <summary>Whether the gate knew the caller as somebody; another provider's tokens may do without a session's name.</summary>
    internal static bool IsPerson(AuthorizationHandlerContext context) => context.Resource is HttpContext http && http.Features.Get<Actor>() is not null;

    /// <summary>Whether a token belongs to a session.</summary>
    internal static bool NamesSession(ClaimsPrincipal caller) => caller.HasClaim(claim => claim.Type == "sid");

    /// <summary>Admits a token without a session, or fails it.</summary>
    internal static void Admit(TokenValidatedContext context)
    {
        var tokens = context.HttpContext.RequestServices.GetRequiredService<IOptions<AccessTokenOptions>>().Value;
        var client = context.Principal!.FindFirst("client_id")?.Value;
        // RFC 9068, 5: a client's own token has the client as its subject; a person's, of a provider that knows no sid, has not.
        if (client is null || context.Principal.FindFirst("sub")?.Value != client || !tokens.ServiceClients.Contains(client, StringComparer.Ordinal))
            context.Fail("The token names no session, and is none of a client of Oidc:ServiceClients.");
    }
}
