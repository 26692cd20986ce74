using System.Security.Claims;
using Lightning.Authorization;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Lightning.Sessions.Bearer;

/// <summary>
/// Authorizes services that use client credentials (RFC 6749, 4.4). Their tokens have no session, so they are denied
/// unless <c>Oidc:ServiceClients</c> lists the client and the endpoint requires <see cref="Policy"/>. A service is not
/// an <see cref="Actor"/>, so every other endpoint refuses it.
/// </summary>
public static class ServiceGate
{
    /// <summary>The policy that admits the clients of <c>Oidc:ServiceClients</c>, and no users.</summary>
    public const string Policy = "service";

    internal static AuthorizationPolicyBuilder RequireService(this AuthorizationPolicyBuilder policy) =>
        policy.RequireAuthenticatedUser().RequireAssertion(context => !IsUser(context));

    /// <summary>Whether the caller is a user.</summary>
    internal static bool IsUser(AuthorizationHandlerContext context) =>
        context.Resource is HttpContext http && http.Features.Get<Actor>() is not null;

    /// <summary>Whether the token belongs to a session.</summary>
    internal static bool HasSession(ClaimsPrincipal caller) => caller.HasClaim(claim => claim.Type == "sid");

    /// <summary>Fails a token without a session unless it is one of a listed client.</summary>
    internal static void Admit(TokenValidatedContext context)
    {
        var tokens = context.HttpContext.RequestServices.GetRequiredService<IOptions<AccessTokenOptions>>().Value;
        var client = context.Principal!.FindFirst("client_id")?.Value;
        // RFC 9068, 5: the subject of a client's own token is the client.
        if (
            client is null
            || context.Principal.FindFirst("sub")?.Value != client
            || !tokens.ServiceClients.Contains(client, StringComparer.Ordinal)
        )
            context.Fail("The token has no session and is not issued to a client of Oidc:ServiceClients.");
    }
}
