using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.JsonWebTokens;

namespace Lightning.Sessions.Bearer;

/// <summary>
/// Authenticates an API call by an external provider's access token. A token with a <c>sid</c> is valid while that
/// session is active here. A token without one is valid while its user is enabled, so it outlives a sign-out and ends
/// with its <c>exp</c>.
/// </summary>
static class ExternalTokenGate
{
    /// <summary>The provider issues the token shortly before the session starts here.</summary>
    static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(1);

    /// <summary>Accepts or fails the token.</summary>
    /// <exception cref="System.Data.Common.DbException">The database is unavailable: the answer is 503, not
    /// 401.</exception>
    public static async Task AdmitAsync(TokenValidatedContext context)
    {
        var claims = context.Principal!;
        if (claims.FindFirst("sub")?.Value is not { } subject)
        {
            context.Fail("The token has no subject.");
            return;
        }
        var services = context.HttpContext.RequestServices;
        var actors = services.GetRequiredService<ExternalActorCache>();
        var caller = new ExternalCaller(subject, claims.FindFirst("sid")?.Value);
        if (actors.TryGet(caller) is not { } found)
        {
            if (GateLimits.Refuse(context))
                return;
            found = await actors.FindAsync(caller, context.HttpContext.RequestAborted);
        }
        // A provider may reuse its sid after the session ended here: a token from before must not pass for the new one.
        if (found is null || found.StartedAt > IssuedAt(context) + ClockSkew)
            context.Fail("The session has ended.");
        else
            GateLimits.Admit(context.HttpContext, found.Actor);
    }

    static DateTimeOffset IssuedAt(TokenValidatedContext context) =>
        context.SecurityToken is JsonWebToken { IssuedAt: var at } && at > DateTime.UnixEpoch
            ? new DateTimeOffset(at, TimeSpan.Zero)
            : DateTimeOffset.UnixEpoch;
}
