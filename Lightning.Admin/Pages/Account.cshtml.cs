using Lightning.Admin.Accounts;
using Lightning.Data;
using Lightning.Data.Accounts;
using Lightning.Data.Rules;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Admin.Pages;

/// <summary>One account.</summary>
public sealed class AccountModel(LightningDb db, AccountPolicy policy, Actor actor, PasswordResets resets) : PageModel
{
    /// <summary>What is shown of it.</summary>
    public AccountView Account { get; private set; } = null!;

    /// <summary>Whether its owner may be asked for a new password.</summary>
    public bool MayAskForPassword => resets.IsAllowed;

    /// <summary>What became of the last click.</summary>
    public string? Note { get; private set; }

    /// <summary>Shows it.</summary>
    public async Task<IActionResult> OnGetAsync(Guid id, string? done, CancellationToken cancellationToken)
    {
        if (await FindAsync(id, cancellationToken) is not { } account) return NotFound();
        Account = account;
        Note = done switch
        {
            "password-asked" => "A link for a new password is on its way to the account's address.",
            "password-waits" => "A link for a new password was asked for a moment ago and is on its way already.",
            _ => null,
        };
        return Page();
    }

    /// <summary>Has a link for a new password mailed.</summary>
    public async Task<IActionResult> OnPostResetPasswordAsync(Guid id, CancellationToken cancellationToken)
    {
        if (await FindAsync(id, cancellationToken) is null) return NotFound();
        if (!resets.IsAllowed) return Forbid();
        var asked = await resets.AskAsync(id, HttpContext.Connection.RemoteIpAddress?.ToString());
        Response.StatusCode = StatusCodes.Status303SeeOther;
        Response.Headers.Location = $"/accounts/{id}?done={(asked ? "password-asked" : "password-waits")}";
        return new EmptyResult();
    }

    // Only the columns that are named: the site's role may read no credential.
    Task<AccountView?> FindAsync(Guid id, CancellationToken cancellationToken) => db.Accounts.AsNoTracking().Where(policy, actor, Verb.Read).Where(account => account.Id == id)
        .Select(account => new AccountView(account.Email!, account.Name, account.EmailConfirmed, account.TwoFactorEnabled, account.CreatedAt))
        .SingleOrDefaultAsync(cancellationToken);
}

/// <summary>Of an account, what is no credential.</summary>
public sealed record AccountView(string Email, string Name, bool IsConfirmed, bool HasSecondStep, DateTimeOffset CreatedAt);
