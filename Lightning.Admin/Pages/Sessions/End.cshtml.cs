using Lightning.Admin.Audit;
using Lightning.Authorization;
using Lightning.Data;
using Lightning.Data.Sessions;
using Lightning.Sessions.Cookies.WebSessions;
using Lightning.Sessions.Termination;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Admin.Pages.Sessions;

/// <summary>Confirms and ends one session, all sessions of its user, or all sessions (ASVS 5.0, 7.4.5).</summary>
[RecentSignIn]
public sealed class EndModel(
    LightningDb db,
    SessionPolicy policy,
    AllSessionsPolicy allSessionsPolicy,
    SessionTerminator terminator,
    AdminAudit audit
) : PageModel
{
    readonly Actor actor = audit.Actor;

    /// <summary>The session; null to end all sessions.</summary>
    public Session? Session { get; private set; }

    /// <summary>The number of active sessions of the user; of all users if no session is given.</summary>
    public int ActiveCount { get; private set; }

    /// <summary>Whether the form was posted without selecting the confirmation checkbox.</summary>
    public bool NeedsConfirmation { get; private set; }

    /// <summary>Asks for confirmation.</summary>
    public async Task<IActionResult> OnGetAsync(Guid? id, CancellationToken cancellationToken)
    {
        if (id is null && !allSessionsPolicy.May(actor, Verb.Delete))
            return StatusCode(StatusCodes.Status403Forbidden);
        if (id is { } sid && !await FindAsync(sid, cancellationToken))
            return NotFound();
        var active = ActiveSessions();
        ActiveCount = await (
            Session is { UserId: var user }
                ? active.Where(session => session.UserId == user).Where(policy, actor, Verb.Delete)
                : active
        ).CountAsync(cancellationToken);
        return Page();
    }

    /// <summary>Ends the session.</summary>
    public async Task<IActionResult> OnPostOneAsync(Guid id, CancellationToken cancellationToken)
    {
        if (!await FindAsync(id, cancellationToken))
            return NotFound();
        await terminator.EndAsync(id, SessionEndReason.Administrator, HttpContext.SessionRequester());
        return RedirectToList();
    }

    /// <summary>Ends all sessions of the session's user; 403 if the actor may not end one of them.</summary>
    public async Task<IActionResult> OnPostUserAsync(Guid id, CancellationToken cancellationToken)
    {
        if (!await FindAsync(id, cancellationToken))
            return NotFound();
        var user = Session!.UserId;
        var userSessions = ActiveSessions().Where(session => session.UserId == user);
        if (
            await userSessions.Where(policy, actor, Verb.Delete).CountAsync(cancellationToken)
            < await userSessions.CountAsync(cancellationToken)
        )
            return StatusCode(StatusCodes.Status403Forbidden);
        await terminator.EndUserAsync(user, SessionEndReason.Administrator, HttpContext.SessionRequester());
        return RedirectToList();
    }

    /// <summary>Ends all sessions.</summary>
    public async Task<IActionResult> OnPostEveryoneAsync(Guid? id, bool sure, CancellationToken cancellationToken)
    {
        if (id is not null)
            return NotFound();
        if (!allSessionsPolicy.May(actor, Verb.Delete))
            return StatusCode(StatusCodes.Status403Forbidden);
        if (!sure)
        {
            NeedsConfirmation = true;
            return await OnGetAsync(null, cancellationToken);
        }
        await terminator.EndAllAsync(SessionEndReason.Administrator, HttpContext.SessionRequester());
        return RedirectToList();
    }

    /// <summary>Loads the session; false if it does not exist or the actor may not end it.</summary>
    async Task<bool> FindAsync(Guid id, CancellationToken cancellationToken)
    {
        Session = await db
            .Sessions.AsNoTracking()
            .Include(session => session.User)
            .Include(session => session.Actor)
            .Where(policy, actor, Verb.Delete)
            .SingleOrDefaultAsync(session => session.Id == id, cancellationToken);
        return Session is not null;
    }

    IQueryable<Session> ActiveSessions()
    {
        var now = audit.Now;
        return db.Sessions.AsNoTracking().Where(session => session.EndedAt == null && session.EndsAt > now);
    }

    StatusCodeResult RedirectToList()
    {
        Response.Headers.Location = "/sessions";
        return StatusCode(StatusCodes.Status303SeeOther);
    }
}
