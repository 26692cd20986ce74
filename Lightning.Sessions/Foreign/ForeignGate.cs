using Lightning.Sessions.Gate;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.JsonWebTokens;

namespace Lightning.Sessions.Foreign;

/// <summary>
/// What an API asks of another provider's access token. One that names its session is good while that session is alive here; one that does not is
/// good while its user is welcome, so after a sign-out it is good to its own end, wherever it was kept.
/// </summary>
static class ForeignGate
{
    /// <summary>A token is signed a moment before the session that it belongs to begins here.</summary>
    static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(1);

    /// <summary>A database that cannot answer is a fault (503), not a refusal: it is thrown on.</summary>
    public static async Task AdmitAsync(TokenValidatedContext context)
    {
        var claims = context.Principal!;
        if (claims.FindFirst("sub")?.Value is not { } subject)
        {
            context.Fail("The token names nobody.");
            return;
        }
        var services = context.HttpContext.RequestServices;
        var (actors, caller) = (services.GetRequiredService<ForeignActors>(), new ForeignCaller(subject, claims.FindFirst("sid")?.Value));
        if (actors.TryRecall(caller) is not { } live)
        {
            if (GateLimits.Refuse(context)) return;
            live = await actors.FindAsync(caller, context.HttpContext.RequestAborted);
        }
        // A provider may keep its name for a session that was ended here: then a token from before does not pass for one of the next.
        if (live is null || live.BeganAt > IssuedAt(context) + ClockSkew) context.Fail("The session has ended.");
        else GateLimits.Admit(context.HttpContext, live.Actor);
    }

    static DateTimeOffset IssuedAt(TokenValidatedContext context) =>
        context.SecurityToken is JsonWebToken { IssuedAt: var at } && at > DateTime.UnixEpoch ? new DateTimeOffset(at, TimeSpan.Zero) : DateTimeOffset.UnixEpoch;
}
