using System.Globalization;
using Lightning.Admin.Accounts;
using Lightning.Admin.Impersonation;
using Lightning.Authorization;
using Lightning.Data;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Admin.Pages;

/// <summary>The page of one account.</summary>
public sealed class AccountModel(
    LightningDb db,
    AccountPolicies policies,
    Actor actor,
    PasswordResets resets,
    AccountOperations operations
) : PageModel
{
    /// <summary>The account's id.</summary>
    public Guid Id { get; private set; }

    /// <summary>The account's data.</summary>
    public AccountView Account { get; private set; } = null!;

    /// <summary>Whether a password reset can be requested.</summary>
    public bool MayAskForPassword => resets.IsAllowed;

    /// <summary>The operations that are possible now.</summary>
    public IReadOnlyList<AccountOperation> Possible { get; private set; } = [];

    /// <summary>Whether the actor may impersonate the user.</summary>
    public bool CanImpersonate { get; private set; }

    /// <summary>Whether the actor may read the user.</summary>
    public bool ShowsUser { get; private set; }

    /// <summary>The result of the previous action; null if there is none.</summary>
    public string? Note { get; private set; }

    public async Task<IActionResult> OnGetAsync(
        Guid id,
        string? done,
        [FromServices] ImpersonationTickets tickets,
        CancellationToken cancellationToken
    )
    {
        if (await FindAsync(id, cancellationToken) is not { } account)
            return NotFound();
        (Id, Account) = (id, account);
        ShowsUser = await db
            .Users.Where(policies.Users, actor, Verb.Read)
            .AnyAsync(user => user.Id == id, cancellationToken);
        Possible = await operations.PossibleAsync(id, cancellationToken);
        CanImpersonate = await tickets.FindAsync(id, cancellationToken) is not null;
        Note = done switch
        {
            "password-asked" => "A password reset link is on its way to the account's email address.",
            "password-waits" => "A password reset link was requested a moment ago and is already on its way.",
            _ => AccountOperation.All.FirstOrDefault(operation => operation.Slug == done)?.Done,
        };
        return Page();
    }

    /// <summary>Formats a time (UTC).</summary>
    public string Time(DateTimeOffset time) => time.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);

    // Select only these columns: the role may not read credentials.
    Task<AccountView?> FindAsync(Guid id, CancellationToken cancellationToken) =>
        (
            from account in db.Accounts.AsNoTracking().Where(policies.Accounts, actor, Verb.Read)
            join user in db.Users on account.Id equals user.Id
            where account.Id == id
            select new AccountView(
                account.Email!,
                account.Name,
                account.EmailConfirmed,
                account.TwoFactorEnabled,
                user.IsAdmin,
                user.DisabledAt,
                account.CreatedAt
            )
        ).SingleOrDefaultAsync(cancellationToken);
}

/// <summary>An account without credentials.</summary>
public sealed record AccountView(
    string Email,
    string Name,
    bool IsConfirmed,
    bool HasSecondStep,
    bool IsAdmin,
    DateTimeOffset? DisabledAt,
    DateTimeOffset CreatedAt
);
