using System.ComponentModel.DataAnnotations;
using Lightning.Admin.Engine.Drafts;
using Lightning.Admin.Impersonation;
using Lightning.Authorization;
using Lightning.Data;
using Lightning.Data.Impersonation;
using Lightning.Data.Users;
using Lightning.Sessions.Cookies.WebSessions;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Admin.Pages.Accounts;

/// <summary>Asks for a reason and issues an impersonation ticket.</summary>
[RecentSignIn]
[KeepsForm]
public sealed class ImpersonateModel(
    LightningDb db,
    UserPolicy policy,
    Actor actor,
    ImpersonationTickets tickets,
    IFormDrafts drafts
) : PageModel
{
    /// <summary>The user to impersonate.</summary>
    public User Person { get; private set; } = null!;

    /// <summary>The reason, recorded in the audit log.</summary>
    [BindProperty]
    [Required(ErrorMessage = "Enter a reason for the audit log.")]
    [StringLength(ImpersonationTicket.ReasonLength, ErrorMessage = "At most {1} characters.")]
    [RegularExpression(@"\P{Cc}*", ErrorMessage = "Use a single line.")]
    public string? Reason { get; set; }

    /// <summary>Whether changes to the user's data are allowed; otherwise the impersonation is read-only.</summary>
    [BindProperty]
    public bool AllowChanges { get; set; }

    /// <summary>The form that was posted before the user signed in again; null if there is none.</summary>
    public FormDraft? Draft { get; private set; }

    /// <summary>Whether the database refused to issue the ticket because rights or accounts have changed.</summary>
    public bool IsRefused { get; private set; }

    /// <summary>Shows the form.</summary>
    public async Task<IActionResult> OnGetAsync(Guid id, CancellationToken cancellationToken)
    {
        if (await LoadPersonAsync(id, cancellationToken) is { } refusal)
            return refusal;
        Draft = await drafts.FindAsync(HttpContext, cancellationToken);
        if (Draft is { IsKept: true })
            (Reason, AllowChanges) = (
                Draft.Fields.GetValueOrDefault("Reason").ToString(),
                Draft.Fields.GetValueOrDefault("AllowChanges").Contains("true")
            );
        return Page();
    }

    /// <summary>Issues a ticket and redirects the browser to the application, which redeems it.</summary>
    public async Task<IActionResult> OnPostAsync(Guid id, CancellationToken cancellationToken)
    {
        if (await LoadPersonAsync(id, cancellationToken) is { } refusal)
            return refusal;
        if (!ModelState.IsValid)
            return Page();
        if (
            await tickets.CreateAsync(
                id,
                new(Reason!.Trim(), AllowChanges),
                HttpContext.LiveSession()!,
                HttpContext.Connection.RemoteIpAddress?.ToString()
            ) is
            { } redirectUrl
        )
        {
            Response.Headers.Location = redirectUrl;
            return StatusCode(StatusCodes.Status303SeeOther);
        }
        IsRefused = true;
        Response.StatusCode = StatusCodes.Status409Conflict;
        return Page();
    }

    /// <summary>Loads the user. Returns 404 or 403 if the actor may not impersonate the user, otherwise null.</summary>
    async Task<IActionResult?> LoadPersonAsync(Guid id, CancellationToken cancellationToken)
    {
        if (!await db.Users.Where(policy, actor, Verb.Read).AnyAsync(user => user.Id == id, cancellationToken))
            return NotFound();
        if (await tickets.FindAsync(id, cancellationToken) is not { } person)
            return StatusCode(StatusCodes.Status403Forbidden);
        Person = person;
        return null;
    }
}
