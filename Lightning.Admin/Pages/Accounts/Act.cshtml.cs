using Lightning.Admin.Accounts;
using Lightning.Admin.Details;
using Lightning.Admin.Registrations;
using Lightning.Data;
using Lightning.Data.Rules;
using Lightning.Data.Users;
using Lightning.Sessions.WebSessions;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Admin.Pages.Accounts;

/// <summary>Asks whether something shall be done about an account, and does it.</summary>
[RecentSignIn]
public sealed class ActModel(LightningDb db, UserPolicy policy, Actor actor, AccountActs acts, AdminRequest request) : PageModel
{
    /// <summary>What is asked.</summary>
    public AccountAct Act { get; private set; } = null!;

    /// <summary>Whose account it is.</summary>
    public User Person { get; private set; } = null!;

    /// <summary>What goes along, where they are removed.</summary>
    public IReadOnlyList<Consequence> GoesAlong { get; private set; } = [];

    /// <summary>Whether the database refused what was possible a moment before.</summary>
    public bool IsRefused { get; private set; }

    /// <summary>Asks.</summary>
    public async Task<IActionResult> OnGetAsync(Guid id, string act, CancellationToken cancellationToken) => await RefuseAsync(id, act, cancellationToken) ?? Page();

    /// <summary>Does it.</summary>
    public async Task<IActionResult> OnPostAsync(Guid id, string act, CancellationToken cancellationToken)
    {
        if (await RefuseAsync(id, act, cancellationToken) is { } refusal) return refusal;
        if (!await acts.DoAsync(Act, id, HttpContext.LiveSession()!, HttpContext.Connection.RemoteIpAddress?.ToString()))
        {
            IsRefused = true;
            Response.StatusCode = StatusCodes.Status409Conflict;
            return Page();
        }
        Response.Headers.Location = Act == AccountAct.Remove ? "/accounts?done=deleted" : $"/accounts/{id}?done={Act.Slug}";
        return StatusCode(StatusCodes.Status303SeeOther);
    }

    async Task<IActionResult?> RefuseAsync(Guid id, string slug, CancellationToken cancellationToken)
    {
        var person = await db.Users.AsNoTracking().Where(policy, actor, Verb.Read).SingleOrDefaultAsync(user => user.Id == id, cancellationToken);
        if (person is null || AccountAct.All.FirstOrDefault(act => act.Slug == slug) is not { } act) return NotFound();
        (Person, Act) = (person, act);
        // What this site has no list of says nothing to whoever reads it; "everything" is said anyway.
        if (act == AccountAct.Remove) GoesAlong = [.. (await request.Site.Of(typeof(User))!.Open(request).GoesAlongAsync([id], cancellationToken)).Where(consequence => consequence.Count is not null)];
        return await acts.MayAsync(act, id, cancellationToken) ? null : StatusCode(StatusCodes.Status403Forbidden);
    }
}
