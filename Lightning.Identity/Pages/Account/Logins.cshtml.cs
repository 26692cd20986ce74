using Lightning.Data;
using Lightning.Identity.Upstream;
using Lightning.Identity.Web;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Lightning.Identity.Pages.Account;

/// <summary>The upstream logins of the account. Shown only after a recent sign-in (ASVS 5.0, 7.5.1).</summary>
sealed class LoginsModel(LightningDb db, UpstreamAccounts accounts, TimeProvider clock)
    : SignedInPage(db, clock, Reauthentication.Required)
{
    public IReadOnlyList<IdentityUserLogin<Guid>> Logins { get; private set; } = [];

    /// <summary>Whether another way to sign in remains after a removal.</summary>
    public bool MayRemove { get; private set; }

    /// <summary>Whether a removal was refused because no other way to sign in would remain.</summary>
    public bool IsRefused { get; private set; }

    public Task<PageResult> OnGetAsync(CancellationToken cancellationToken) => ShowAsync(cancellationToken);

    public async Task<IActionResult> OnPostAsync(string? issuer, string? subject, CancellationToken cancellationToken)
    {
        if (await accounts.RemoveAsync(CurrentAccount.Id, Session.Id, issuer ?? "", subject ?? ""))
            return new SeeOther(Paths.Logins);
        IsRefused = true;
        Response.StatusCode = StatusCodes.Status409Conflict;
        return await ShowAsync(cancellationToken);
    }

    async Task<PageResult> ShowAsync(CancellationToken cancellationToken)
    {
        (Logins, MayRemove) = await accounts.ListAsync(CurrentAccount.Id, cancellationToken);
        return Page();
    }
}
