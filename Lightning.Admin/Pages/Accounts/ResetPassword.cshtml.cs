using Lightning.Admin.Accounts;
using Lightning.Data;
using Lightning.Data.Accounts;
using Lightning.Data.Rules;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Admin.Pages.Accounts;

/// <summary>Asks whether somebody shall be mailed a link for a new password, and has Identity do it.</summary>
[RecentSignIn]
public sealed class ResetPasswordModel(LightningDb db, AccountPolicy policy, Actor actor, PasswordResets resets) : PageModel
{
    /// <summary>Whose account it is.</summary>
    public Guid Id { get; private set; }

    /// <summary>Where the link goes.</summary>
    public string Email { get; private set; } = "";

    /// <summary>Asks.</summary>
    public async Task<IActionResult> OnGetAsync(Guid id, CancellationToken cancellationToken) => await RefuseAsync(id, cancellationToken) ?? Page();

    /// <summary>Has it mailed.</summary>
    public async Task<IActionResult> OnPostAsync(Guid id, CancellationToken cancellationToken)
    {
        if (await RefuseAsync(id, cancellationToken) is { } refusal) return refusal;
        var asked = await resets.AskAsync(id, HttpContext.Connection.RemoteIpAddress?.ToString());
        Response.Headers.Location = $"/accounts/{id}?done={(asked ? "password-asked" : "password-waits")}";
        return StatusCode(StatusCodes.Status303SeeOther);
    }

    async Task<IActionResult?> RefuseAsync(Guid id, CancellationToken cancellationToken)
    {
        if (await db.Accounts.AsNoTracking().Where(policy, actor, Verb.Read).Where(account => account.Id == id).Select(account => account.Email).SingleOrDefaultAsync(cancellationToken) is not { } email) return NotFound();
        (Id, Email) = (id, email);
        return resets.IsAllowed ? null : StatusCode(StatusCodes.Status403Forbidden);
    }
}
