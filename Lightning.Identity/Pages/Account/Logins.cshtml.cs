using Lightning.Identity.Sessions;
using Lightning.Identity.Upstream;
using Lightning.Identity.Web;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Lightning.Identity.Pages.Account;

/// <summary>Which upstream providers sign in to one's account. Shown and changed only shortly after signing in (ASVS 5.0, 7.5.1).</summary>
sealed class LoginsModel(UpstreamAccounts accounts, TimeProvider clock) : PageModel
{
    public IReadOnlyList<IdentityUserLogin<Guid>> Logins { get; private set; } = [];

    /// <summary>Whether another way to sign in would be left.</summary>
    public bool MayRemove { get; private set; }

    /// <summary>Whether a removal was refused because none would be.</summary>
    public bool IsRefused { get; private set; }

    public async Task<IActionResult> OnGetAsync(CancellationToken cancellationToken)
    {
        var session = HttpContext.BrowserSession();
        return RecentSignIn.Holds(session, clock) ? await ShowAsync(session!, cancellationToken) : new SeeOther(RecentSignIn.Page(Paths.Logins));
    }

    public async Task<IActionResult> OnPostAsync(string? issuer, string? subject, CancellationToken cancellationToken)
    {
        var session = HttpContext.BrowserSession();
        if (!RecentSignIn.Holds(session, clock)) return new SeeOther(RecentSignIn.Page(Paths.Logins));
        if (await accounts.RemoveAsync(session!.UserId, session.Id, issuer ?? "", subject ?? "", HttpContext)) return new SeeOther(Paths.Logins);
        IsRefused = true;
        Response.StatusCode = StatusCodes.Status409Conflict;
        return await ShowAsync(session, cancellationToken);
    }

    async Task<PageResult> ShowAsync(LiveSession session, CancellationToken cancellationToken)
    {
        (Logins, MayRemove) = await accounts.ListAsync(session.UserId, cancellationToken);
        return Page();
    }
}
