using Lightning.Data;
using Lightning.Data.Rules;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.EntityFrameworkCore;
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
        var db = services.GetRequiredService<LightningDb>();
        var issuer = context.Options.TokenValidationParameters.ValidIssuer;
        var users = db.Users.Where(user => user.Issuer == issuer && user.Subject == subject && user.DisabledAt == null);
        var actors = claims.FindFirst("sid")?.Value is { } sid
            ? InSession(db, users, issuer, sid, IssuedAt(context), services.GetRequiredService<TimeProvider>().GetUtcNow())
            : users.Select(user => new Actor(user.Id, Guid.Empty, user.IsAdmin, user.EmailVerified));
        var actor = await actors.SingleOrDefaultAsync(context.HttpContext.RequestAborted);
        if (actor is null) context.Fail("The session has ended.");
        else context.HttpContext.Features.Set(actor);
    }

    /// <summary>A provider may keep its name for a session that was ended here: then a token from before does not pass for one of the next.</summary>
    static IQueryable<Actor> InSession(LightningDb db, IQueryable<Data.Users.User> users, string issuer, string sid, DateTimeOffset issuedAt, DateTimeOffset now) =>
        from session in db.Sessions
        join user in users on session.UserId equals user.Id
        where session.Issuer == issuer && session.ForeignSid == sid && session.EndedAt == null && session.EndsAt > now
            && session.CreatedAt <= issuedAt + ClockSkew
        select new Actor(user.Id, session.Id, user.IsAdmin, user.EmailVerified);

    static DateTimeOffset IssuedAt(TokenValidatedContext context) =>
        context.SecurityToken is JsonWebToken { IssuedAt: var at } && at > DateTime.UnixEpoch ? new DateTimeOffset(at, TimeSpan.Zero) : DateTimeOffset.UnixEpoch;
}
