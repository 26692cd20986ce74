using Lightning.Data;
using Lightning.Data.Sessions;
using Lightning.ServiceDefaults;
using Lightning.Sessions;
using Lightning.Sessions.Cookies.WebSessions;
using Lightning.Sessions.Model;
using Lightning.Sessions.Termination;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Lightning.Bff;

/// <summary>A session of the user, or of an administrator who impersonates the user.</summary>
sealed record DeviceView(
    Guid Id,
    bool Current,
    bool Acting,
    string? Device,
    string? Ip,
    string[] Methods,
    DateTimeOffset CreatedAt,
    DateTimeOffset LastSeenAt
);

/// <summary>
/// The user's own sessions. Ending one requires recent authentication (ASVS 5.0, 7.5.2). Every query filters by the
/// user, administrators included; they end other users' sessions on the admin site.
/// </summary>
static class DevicesApi
{
    const int MaxListed = 200;

    /// <summary>The longest time since the user authenticated.</summary>
    static readonly TimeSpan RecentAuthentication = TimeSpan.FromMinutes(15);

    public static void MapDevices(this IEndpointRouteBuilder app)
    {
        var devices = app.MapGroup("/bff/sessions").RequireAuthorization().DenyImpersonation();
        devices
            .MapGet("", ListAsync)
            .WithName("ListSessions")
            .WithSummary("Lists the user's sessions, this one first.");
        devices.MapDelete("{id:guid}", EndAsync).WithName("EndSession").WithSummary("Ends one of the user's sessions.");
        devices
            .MapDelete("", EndOthersAsync)
            .WithName("EndOtherSessions")
            .WithSummary("With others=true, ends all of the user's sessions except this one.");
    }

    static async Task<Ok<DeviceView[]>> ListAsync(
        HttpContext context,
        LightningDb db,
        IOptions<SessionsOptions> options,
        TimeProvider clock,
        CancellationToken cancellationToken
    )
    {
        var session = context.LiveSession()!;
        var now = clock.GetUtcNow();
        var idleSince = now - options.Value.IdleTimeout;
        return TypedResults.Ok(
            await Own(db, session)
                .Active(now)
                .Where(own => own.LastSeenAt > idleSince)
                .OrderByDescending(own => own.Id == session.Id)
                .ThenByDescending(own => own.LastSeenAt)
                .Take(MaxListed)
                .Select(own => new DeviceView(
                    own.Id,
                    own.Id == session.Id,
                    own.ActorId != null,
                    own.Device,
                    own.Ip,
                    own.Methods,
                    own.CreatedAt,
                    own.LastSeenAt
                ))
                .ToArrayAsync(cancellationToken)
        );
    }

    static async Task<Results<NoContent, NotFound, ProblemHttpResult>> EndAsync(
        Guid id,
        HttpContext context,
        LightningDb db,
        SessionTerminator terminator,
        TimeProvider clock
    )
    {
        var session = context.LiveSession()!;
        if (!IsRecentlyAuthenticated(session, clock))
            return RequireReauthentication();
        // 404 also for another user's session, so that its existence is not revealed. A session never changes its user.
        if (!await Own(db, session).AnyAsync(own => own.Id == id, context.RequestAborted))
            return TypedResults.NotFound();
        return await terminator.EndAsync(id, SessionEndReason.User, context.SessionRequester())
            ? TypedResults.NoContent()
            : TypedResults.NotFound();
    }

    static async Task<Results<NoContent, ProblemHttpResult>> EndOthersAsync(
        bool? others,
        HttpContext context,
        SessionTerminator terminator,
        TimeProvider clock
    )
    {
        if (others != true)
            return Problem.SessionsNotSpecified.ToResult(
                "Send others=true. To end this session, use POST /bff/logout."
            );
        var session = context.LiveSession()!;
        if (!IsRecentlyAuthenticated(session, clock))
            return RequireReauthentication();
        await terminator.EndUserAsync(
            session.User.Id,
            SessionEndReason.User,
            context.SessionRequester(),
            except: session.Id
        );
        return TypedResults.NoContent();
    }

    static IQueryable<Session> Own(LightningDb db, LiveSession session) =>
        db.Sessions.AsNoTracking().Where(own => own.UserId == session.User.Id);

    static bool IsRecentlyAuthenticated(LiveSession session, TimeProvider clock) =>
        clock.GetUtcNow() - session.AuthTime <= RecentAuthentication;

    static ProblemHttpResult RequireReauthentication() =>
        Problem.ReauthenticationRequired.ToResult("Sign in again at /bff/login?prompt=login, then retry.");
}
