using Lightning.Data;
using Lightning.Data.Accounts;
using Lightning.Identity.Accounts;
using Lightning.Identity.Web;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.AspNetCore.WebUtilities;

namespace Lightning.Identity.Pages.Account;

/// <summary>Where the link to a new address leads: a button, because mail programs open links by themselves.</summary>
sealed class ConfirmAddressModel(LightningDb db, AddressChange change, TimeProvider clock) : OwnPage(db, clock, Freshness.NotAsked)
{
    [BindProperty(SupportsGet = true)]
    public string? Token { get; set; }

    /// <summary>The link; null where it is no good for this account.</summary>
    public AccountLink? Link { get; private set; }

    protected override string Here => QueryHelpers.AddQueryString(Paths.ConfirmAddress, "token", Token ?? "");

    public async Task<IActionResult> OnGetAsync(CancellationToken cancellationToken)
    {
        Link = await change.FindAsync(Mine, Token, cancellationToken);
        return Shown();
    }

    public async Task<IActionResult> OnPostAsync(CancellationToken cancellationToken)
    {
        Link = await change.FindAsync(Mine, Token, cancellationToken);
        if (Link is not null && await change.ConfirmAsync(HttpContext, Mine, Link)) return Done("address");
        Link = null;
        return Shown();
    }

    PageResult Shown()
    {
        if (Link is null) Response.StatusCode = StatusCodes.Status400BadRequest;
        return Page();
    }
}
