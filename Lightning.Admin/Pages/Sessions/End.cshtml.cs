using Lightning.Data;
using Lightning.Data.Rules;
using Lightning.Data.Sessions;
using Lightning.Sessions.Ends;
using Lightning.Sessions.WebSessions;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Admin.Pages.Sessions;

/// <summary>Asks whether one session, all of its user's or everybody's shall end, and ends them (ASVS 5.0, 7.4.5).</summary>
[RecentSignIn]
public sealed class EndModel(LightningDb db, SessionPolicy policy, EverySessionPolicy every, Actor actor, SessionEnds ends, TimeProvider clock) : PageModel
{
    /// <summary>The session; null where it is about everybody's.</summary>
    public Session? Session { get; private set; }

    /// <summary>How many sessions live that the second question is about.</summary>
    public int Living { get; private set; }

    /// <summary>Whether everybody's were to end, and the box was not ticked.</summary>
    public bool IsUnsure { get; private set; }

    /// <summary>Asks.</summary>
    public async Task<IActionResult> OnGetAsync(Guid? id, CancellationToken cancellationToken)
    {
        if (id is null && !every.May(actor, Verb.Delete)) return StatusCode(StatusCodes.Status403Forbidden);
        if (id is { } sid && !await FindAsync(sid, cancellationToken)) return NotFound();
        var alive = Alive();
        Living = await (Session is { UserId: var user } ? alive.Where(session => session.UserId == user).Where(policy, actor, Verb.Delete) : alive).CountAsync(cancellationToken);
        return Page();
    }

    /// <summary>Ends the session.</summary>
    public async Task<IActionResult> OnPostOneAsync(Guid id, CancellationToken cancellationToken)
    {
        if (!await FindAsync(id, cancellationToken)) return NotFound();
        await ends.EndAsync(id, EndedBy.Administrator, Asker, Address);
        return Done();
    }

    /// <summary>Ends all sessions of the session's user, if the actor may end each.</summary>
    public async Task<IActionResult> OnPostUserAsync(Guid id, CancellationToken cancellationToken)
    {
        if (!await FindAsync(id, cancellationToken)) return NotFound();
        var user = Session!.UserId;
        var theirs = Alive().Where(session => session.UserId == user);
        if (await theirs.Where(policy, actor, Verb.Delete).CountAsync(cancellationToken) < await theirs.CountAsync(cancellationToken)) return StatusCode(StatusCodes.Status403Forbidden);
        await ends.EndUserAsync(user, EndedBy.Administrator, Asker, Address);
        return Done();
    }

    /// <summary>Ends everybody's.</summary>
    public async Task<IActionResult> OnPostEveryoneAsync(Guid? id, bool sure, CancellationToken cancellationToken)
    {
        if (id is not null) return NotFound();
        if (!every.May(actor, Verb.Delete)) return StatusCode(StatusCodes.Status403Forbidden);
        if (!sure)
        {
            IsUnsure = true;
            return await OnGetAsync(null, cancellationToken);
        }
        await ends.EndAllAsync(EndedBy.Administrator, Asker, Address);
        return Done();
    }

    LiveSession Asker => HttpContext.LiveSession()!;

    string? Address => HttpContext.Connection.RemoteIpAddress?.ToString();

    /// <summary>The session, if there is one that the actor may end; otherwise nobody learns whether it is there.</summary>
    async Task<bool> FindAsync(Guid id, CancellationToken cancellationToken)
    {
        Session = await db.Sessions.AsNoTracking().Include(session => session.User).Include(session => session.Actor).Where(policy, actor, Verb.Delete).SingleOrDefaultAsync(session => session.Id == id, cancellationToken);
        return Session is not null;
    }

    IQueryable<Session> Alive()
    {
        var now = clock.GetUtcNow();
        return db.Sessions.AsNoTracking().Where(session => session.EndedAt == null && session.EndsAt > now);
    }

    StatusCodeResult Done()
    {
        Response.Headers.Location = "/sessions";
        return StatusCode(StatusCodes.Status303SeeOther);
    }
}
