using Lightning.Data;
using Lightning.Data.Accounts;
using Lightning.Identity.Accounts;
using Lightning.Identity.Web;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.AspNetCore.WebUtilities;

namespace Lightning.Identity.Pages.Account;

/// <summary>
/// The page of the link to a new address. The user confirms with a button, because mail programs open links
/// automatically.
/// </summary>
sealed class ConfirmAddressModel(LightningDb db, AddressChange change, TimeProvider clock)
    : SignedInPage(db, clock, Reauthentication.NotRequired)
{
    [BindProperty(SupportsGet = true)]
    public string? Token { get; set; }

    /// <summary>The link; null if it is not valid for this account.</summary>
    public AccountLink? Link { get; private set; }

    protected override string CurrentUrl => QueryHelpers.AddQueryString(Paths.ConfirmAddress, "token", Token ?? "");

    public async Task<IActionResult> OnGetAsync(CancellationToken cancellationToken)
    {
        Link = await change.FindAsync(CurrentAccount, Token, cancellationToken);
        return ShowPage();
    }

    public async Task<IActionResult> OnPostAsync(CancellationToken cancellationToken)
    {
        Link = await change.FindAsync(CurrentAccount, Token, cancellationToken);
        if (Link is not null && await change.ConfirmAsync(HttpContext, CurrentAccount, Link))
            return RedirectToAccount("address");
        Link = null;
        return ShowPage();
    }

    PageResult ShowPage()
    {
        if (Link is null)
            Response.StatusCode = StatusCodes.Status400BadRequest;
        return Page();
    }
}
