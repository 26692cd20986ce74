using Lightning.Data;
using Lightning.Data.Sessions;
using Lightning.ServiceDefaults;
using Lightning.Sessions;
using Lightning.Sessions.Ends;
using Lightning.Sessions.WebSessions;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Lightning.Bff;

/// <summary>Where somebody is signed in, or an administrator acts as them.</summary>
sealed record DeviceView(Guid Id, bool Current, bool Acting, string? Device, string? Ip, string[] Methods, DateTimeOffset CreatedAt, DateTimeOffset LastSeenAt);

/// <summary>
/// A person's sessions: seen, and ended after a fresh proof of who asks (ASVS 5.0, 7.5.2). Every query names the person, administrator or not: others'
/// sessions are the admin site's.
/// </summary>
static class DevicesApi
{
    const int Most = 200;

    /// <summary>Longest time since the person last proved who they are.</summary>
    static readonly TimeSpan Freshness = TimeSpan.FromMinutes(15);

    public static void MapDevices(this IEndpointRouteBuilder app)
    {
        var devices = app.MapGroup("/bff/sessions").RequireAuthorization().ForThePersonThemself();
        devices.MapGet("", ListAsync).WithName("ListSessions").WithSummary("Lists where the person is signed in, this session first.");
        devices.MapDelete("{id:guid}", EndAsync).WithName("EndSession").WithSummary("Ends one of the person's sessions.");
        devices.MapDelete("", EndOthersAsync).WithName("EndOtherSessions").WithSummary("With others=true, ends all of the person's sessions but this one.");
    }

    static async Task<Ok<DeviceView[]>> ListAsync(HttpContext context, LightningDb db, IOptions<SessionsOptions> options, TimeProvider clock, CancellationToken cancellationToken)
    {
        var session = context.LiveSession()!;
        var now = clock.GetUtcNow();
        var idleSince = now - options.Value.IdleTimeout;
        return TypedResults.Ok(await Own(db, session)
            .Where(own => own.EndedAt == null && own.EndsAt > now && own.LastSeenAt > idleSince)
            .OrderByDescending(own => own.Id == session.Id).ThenByDescending(own => own.LastSeenAt).Take(Most)
            .Select(own => new DeviceView(own.Id, own.Id == session.Id, own.ActorId != null, own.Device, own.Ip, own.Methods, own.CreatedAt, own.LastSeenAt))
            .ToArrayAsync(cancellationToken));
    }

    static async Task<Results<NoContent, NotFound, ProblemHttpResult>> EndAsync(Guid id, HttpContext context, LightningDb db, SessionEnds ends, TimeProvider clock, CancellationToken cancellationToken)
    {
        var session = context.LiveSession()!;
        if (!IsFresh(session, clock)) return ProveAnew();
        // Nobody ends what is not theirs, and nobody learns whether it is there. Whose a session is never changes.
        if (!await Own(db, session).AnyAsync(own => own.Id == id, cancellationToken)) return TypedResults.NotFound();
        return await ends.EndAsync(id, EndedBy.User, session, Address(context)) ? TypedResults.NoContent() : TypedResults.NotFound();
    }

    static async Task<Results<NoContent, ProblemHttpResult>> EndOthersAsync(bool? others, HttpContext context, SessionEnds ends, TimeProvider clock)
    {
        if (others != true)
            return Problem.OthersNotNamed.Answer("Send others=true: this session is ended by POST /bff/logout.");
        var session = context.LiveSession()!;
        if (!IsFresh(session, clock)) return ProveAnew();
        await ends.EndUserAsync(session.User.Id, EndedBy.User, session, Address(context), except: session.Id);
        return TypedResults.NoContent();
    }

    static IQueryable<Session> Own(LightningDb db, LiveSession session) => db.Sessions.AsNoTracking().Where(own => own.UserId == session.User.Id);

    static bool IsFresh(LiveSession session, TimeProvider clock) => clock.GetUtcNow() - session.AuthTime <= Freshness;

    static ProblemHttpResult ProveAnew() => Problem.ReauthenticationRequired.Answer("Sign in again by /bff/login?prompt=login, then try once more.");

    static string? Address(HttpContext context) => context.Connection.RemoteIpAddress?.ToString();
}
