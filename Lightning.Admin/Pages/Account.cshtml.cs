using System.Globalization;
using Lightning.Admin.Accounts;
using Lightning.Admin.Acting;
using Lightning.Data;
using Lightning.Data.Accounts;
using Lightning.Data.Rules;
using Lightning.Data.Users;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Admin.Pages;

/// <summary>One account.</summary>
public sealed class AccountModel(LightningDb db, AccountPolicy policy, UserPolicy users, Actor actor, PasswordResets resets, AccountActs acts, Handovers handovers) : PageModel
{
    /// <summary>Its key.</summary>
    public Guid Id { get; private set; }

    /// <summary>What is shown of it.</summary>
    public AccountView Account { get; private set; } = null!;

    /// <summary>Whether its owner may be asked for a new password.</summary>
    public bool MayAskForPassword => resets.IsAllowed;

    /// <summary>What else can be done about it.</summary>
    public IReadOnlyList<AccountAct> Possible { get; private set; } = [];

    /// <summary>Whether one can act as its owner.</summary>
    public bool MayActAs { get; private set; }

    /// <summary>Whether whoever looks may read whose it is.</summary>
    public bool ShowsUser { get; private set; }

    /// <summary>What became of the last click.</summary>
    public string? Note { get; private set; }

    /// <summary>Shows it.</summary>
    public async Task<IActionResult> OnGetAsync(Guid id, string? done, CancellationToken cancellationToken)
    {
        if (await FindAsync(id, cancellationToken) is not { } account) return NotFound();
        (Id, Account) = (id, account);
        ShowsUser = await db.Users.Where(users, actor, Verb.Read).AnyAsync(user => user.Id == id, cancellationToken);
        Possible = await acts.PossibleAsync(id, cancellationToken);
        MayActAs = await handovers.FindAsync(id, cancellationToken) is not null;
        Note = done switch
        {
            "password-asked" => "A link for a new password is on its way to the account's address.",
            "password-waits" => "A link for a new password was asked for a moment ago and is on its way already.",
            _ => AccountAct.All.FirstOrDefault(act => act.Slug == done)?.Done,
        };
        return Page();
    }

    /// <summary>A time as a person reads it, in UTC.</summary>
    public string Time(DateTimeOffset time) => time.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);

    // Only the columns that are named: the site's role may read no credential.
    Task<AccountView?> FindAsync(Guid id, CancellationToken cancellationToken) => (
        from account in db.Accounts.AsNoTracking().Where(policy, actor, Verb.Read)
        join user in db.Users on account.Id equals user.Id
        where account.Id == id
        select new AccountView(account.Email!, account.Name, account.EmailConfirmed, account.TwoFactorEnabled, user.IsAdmin, user.DisabledAt, account.CreatedAt))
        .SingleOrDefaultAsync(cancellationToken);
}

/// <summary>Of an account, what is no credential.</summary>
public sealed record AccountView(string Email, string Name, bool IsConfirmed, bool HasSecondStep, bool IsAdmin, DateTimeOffset? DisabledAt, DateTimeOffset CreatedAt);
