using Lightning.Admin.Accounts;
using Lightning.Authorization;
using Lightning.Data;
using Lightning.Data.Accounts;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Admin.Pages.Accounts;

/// <summary>Confirms and requests a password reset email.</summary>
[RecentSignIn]
public sealed class ResetPasswordModel(LightningDb db, AccountPolicy policy, Actor actor, PasswordResets resets)
    : PageModel
{
    /// <summary>The account's id.</summary>
    public Guid Id { get; private set; }

    /// <summary>The account's email address.</summary>
    public string Email { get; private set; } = "";

    /// <summary>Asks for confirmation.</summary>
    public async Task<IActionResult> OnGetAsync(Guid id, CancellationToken cancellationToken) =>
        await RefuseAsync(id, cancellationToken) ?? Page();

    /// <summary>Requests the email.</summary>
    public async Task<IActionResult> OnPostAsync(Guid id, CancellationToken cancellationToken)
    {
        if (await RefuseAsync(id, cancellationToken) is { } refusal)
            return refusal;
        var asked = await resets.RequestAsync(id, HttpContext.Connection.RemoteIpAddress?.ToString());
        Response.Headers.Location = $"/accounts/{id}?done={(asked ? "password-asked" : "password-waits")}";
        return StatusCode(StatusCodes.Status303SeeOther);
    }

    /// <summary>Loads the account. Returns the refusal, or null if the actor may request a reset.</summary>
    async Task<IActionResult?> RefuseAsync(Guid id, CancellationToken cancellationToken)
    {
        if (
            await db
                .Accounts.AsNoTracking()
                .Where(policy, actor, Verb.Read)
                .Where(account => account.Id == id)
                .Select(account => account.Email)
                .SingleOrDefaultAsync(cancellationToken)
            is not { } email
        )
            return NotFound();
        (Id, Email) = (id, email);
        return resets.IsAllowed ? null : StatusCode(StatusCodes.Status403Forbidden);
    }
}
