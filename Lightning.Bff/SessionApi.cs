using Lightning.Sessions;
using Lightning.Sessions.Cookies.Provider;
using Lightning.Sessions.Cookies.RelyingParties;
using Lightning.Sessions.Cookies.WebSessions;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;

namespace Lightning.Bff;

/// <summary>The signed-in user. <c>Act</c> is the administrator who impersonates the user; null if none does.</summary>
sealed record CurrentUserView(Guid Id, string Name, string Email, bool IsAdmin, SessionView Session, ActorView? Act);

/// <summary>The session and its end. All times are UTC.</summary>
sealed record SessionView(
    Guid Id,
    DateTimeOffset CreatedAt,
    DateTimeOffset EndsAt,
    DateTimeOffset IdleEndsAt,
    DateTimeOffset AuthTime
);

/// <summary>The URL to continue the sign-out at the provider.</summary>
sealed record SignedOutView(string Redirect);

/// <summary>The browser's own session.</summary>
static class SessionApi
{
    const string UserPath = "/bff/user";

    public static void MapSession(this IEndpointRouteBuilder app)
    {
        app.MapGet(UserPath, Show)
            .WithName("ShowUser")
            .WithSummary("Returns the signed-in user; with slide=false without extending the session.")
            .RequireAuthorization();
        app.MapPost("/bff/logout", EndAsync)
            .WithName("SignOut")
            .WithSummary("Ends the session and returns the URL for sign-out at the provider.")
            .AllowAnonymous();
    }

    /// <summary>
    /// Streams, which pages open again by themselves, and polling with <c>slide=false</c> do not extend the session
    /// (ASVS 5.0, 7.3.1).
    /// </summary>
    public static bool CountsAsUse(HttpRequest request) =>
        !request.Path.Equals(SessionWatch.Path, StringComparison.OrdinalIgnoreCase)
        && !request.Headers.Accept.ToString().StartsWith("text/event-stream", StringComparison.OrdinalIgnoreCase)
        && !(
            request.Path.Equals(UserPath, StringComparison.OrdinalIgnoreCase)
            && string.Equals(request.Query["slide"], "false", StringComparison.OrdinalIgnoreCase)
        );

    static Ok<CurrentUserView> Show(HttpContext context, IOptions<SessionsOptions> options)
    {
        var session = context.LiveSession()!;
        var idleEndsAt = session.LastSeenAt + options.Value.IdleTimeout;
        return TypedResults.Ok(
            new CurrentUserView(
                session.User.Id,
                session.User.Name,
                session.User.Email,
                session.User.IsAdmin,
                new SessionView(
                    session.Id,
                    session.CreatedAt,
                    session.EndsAt,
                    idleEndsAt < session.EndsAt ? idleEndsAt : session.EndsAt,
                    session.AuthTime
                ),
                session.Impersonator is { } actor ? new ActorView(actor.Subject, actor.Name, actor.MayWrite) : null
            )
        );
    }

    static async Task<Ok<SignedOutView>> EndAsync(
        HttpContext context,
        SignOut signOut,
        IOptions<AdminSiteOptions> adminSite
    )
    {
        // Authenticated here and not by a policy: signing out twice is not an error.
        await context.AuthenticateAsync(Schemes.Session);
        var session = context.LiveSession();
        var provider = await signOut.EndAsync(context);
        return TypedResults.Ok(
            new SignedOutView(
                session?.Impersonator is null ? provider : ImpersonationApi.ReturnUrl(session, adminSite.Value)
            )
        );
    }
}
