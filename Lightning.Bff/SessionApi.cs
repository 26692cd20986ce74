using Lightning.Sessions;
using Lightning.Sessions.RelyingParties;
using Lightning.Sessions.WebSessions;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;

namespace Lightning.Bff;

/// <summary>Who is signed in, as the front end may know it; and who acts as them, where it is not they themself.</summary>
sealed record UserView(Guid Id, string Name, string Email, bool IsAdmin, SessionView Session, ActorView? Act);

/// <summary>Until when.</summary>
sealed record SessionView(Guid Id, DateTimeOffset CreatedAt, DateTimeOffset EndsAt, DateTimeOffset IdleEndsAt, DateTimeOffset AuthTime);

/// <summary>Where to go after signing out here: to sign out at the provider.</summary>
sealed record SignedOutView(string Redirect);

/// <summary>The session of the browser that asks.</summary>
static class SessionApi
{
    const string UserPath = "/bff/user";

    public static void MapSession(this IEndpointRouteBuilder app)
    {
        app.MapGet(UserPath, Show).WithName("ShowUser").WithSummary("Says who is signed in; with slide=false without prolonging the session.").RequireAuthorization();
        app.MapPost("/bff/logout", EndAsync).WithName("SignOut").WithSummary("Ends the session, and says where to sign out at the provider.").AllowAnonymous();
    }

    /// <summary>Polling with <c>slide=false</c> does not keep a session alive, nor does a page that waits for its end (ASVS 5.0, 7.3.1).</summary>
    public static bool CountsAsUse(HttpRequest request) =>
        !request.Path.Equals(SessionWatch.Path, StringComparison.OrdinalIgnoreCase)
        && !(request.Path.Equals(UserPath, StringComparison.OrdinalIgnoreCase) && string.Equals(request.Query["slide"], "false", StringComparison.OrdinalIgnoreCase));

    static Ok<UserView> Show(HttpContext context, IOptions<SessionsOptions> options)
    {
        var session = context.LiveSession()!;
        var idleEndsAt = session.LastSeenAt + options.Value.IdleTimeout;
        return TypedResults.Ok(new UserView(session.User.Id, session.User.Name, session.User.Email, session.User.IsAdmin,
            new SessionView(session.Id, session.CreatedAt, session.EndsAt, idleEndsAt < session.EndsAt ? idleEndsAt : session.EndsAt, session.AuthTime),
            session.ActedBy is { } actor ? new ActorView(actor.Subject, actor.Name) : null));
    }

    static async Task<Ok<SignedOutView>> EndAsync(HttpContext context, SignOut signOut, IOptions<ActingOptions> acting)
    {
        // Asked for here and not by a policy: signing out twice is no error.
        await context.AuthenticateAsync(Schemes.Session);
        var session = context.LiveSession();
        var provider = await signOut.EndAsync(context);
        return TypedResults.Ok(new SignedOutView(session?.ActedBy is null ? provider : ActingApi.After(session, acting.Value)));
    }
}
