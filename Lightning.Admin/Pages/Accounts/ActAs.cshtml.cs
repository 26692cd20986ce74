using System.ComponentModel.DataAnnotations;
using Lightning.Admin.Acting;
using Lightning.Data;
using Lightning.Data.Acting;
using Lightning.Data.Rules;
using Lightning.Data.Users;
using Lightning.Sessions.WebSessions;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Admin.Pages.Accounts;

/// <summary>Asks why an administrator wants to act as somebody, and sends them on to the application.</summary>
[RecentSignIn]
public sealed class ActAsModel(LightningDb db, UserPolicy policy, Actor actor, Handovers handovers) : PageModel
{
    /// <summary>As whom.</summary>
    public User Person { get; private set; } = null!;

    /// <summary>Why.</summary>
    [BindProperty]
    [Required(ErrorMessage = "Say why: whoever reads the audit book wants to know.")]
    [StringLength(Handover.ReasonLength, ErrorMessage = "At most {1} characters.")]
    [RegularExpression(@"\P{Cc}*", ErrorMessage = "In one line.")]
    public string? Reason { get; set; }

    /// <summary>Whether the database refused what was possible a moment before.</summary>
    public bool IsRefused { get; private set; }

    /// <summary>Asks.</summary>
    public async Task<IActionResult> OnGetAsync(Guid id, CancellationToken cancellationToken) => await RefuseAsync(id, cancellationToken) ?? Page();

    /// <summary>Sends the browser on.</summary>
    public async Task<IActionResult> OnPostAsync(Guid id, CancellationToken cancellationToken)
    {
        if (await RefuseAsync(id, cancellationToken) is { } refusal) return refusal;
        if (!ModelState.IsValid) return Page();
        if (await handovers.WriteAsync(id, Reason!.Trim(), HttpContext.LiveSession()!, HttpContext.Connection.RemoteIpAddress?.ToString()) is { } next)
        {
            Response.Headers.Location = next;
            return StatusCode(StatusCodes.Status303SeeOther);
        }
        IsRefused = true;
        Response.StatusCode = StatusCodes.Status409Conflict;
        return Page();
    }

    async Task<IActionResult?> RefuseAsync(Guid id, CancellationToken cancellationToken)
    {
        if (!await db.Users.Where(policy, actor, Verb.Read).AnyAsync(user => user.Id == id, cancellationToken)) return NotFound();
        if (await handovers.FindAsync(id, cancellationToken) is not { } person) return StatusCode(StatusCodes.Status403Forbidden);
        Person = person;
        return null;
    }
}
