using System.ComponentModel.DataAnnotations;
using Lightning.Data;
using Lightning.Identity.Accounts;
using Lightning.Identity.RateLimits;
using Lightning.Identity.Web;
using Lightning.ServiceDefaults;
using Microsoft.AspNetCore.Mvc;

namespace Lightning.Identity.Pages.Account;

sealed class AddressModel(LightningDb db, AddressChange change, AccountRateLimits limits, TimeProvider clock)
    : SignedInPage(db, clock, Reauthentication.Required)
{
    [BindProperty]
    [Required(ErrorMessage = "Enter your new email address."), EmailAddressInput]
    public string? Email
    {
        get;
        set => field = EmailAddress.Normalize(value);
    }

    public void OnGet() => ModelState.Clear();

    public async Task<IActionResult> OnPostAsync(CancellationToken cancellationToken)
    {
        if (string.Equals(Email, CurrentAccount.Email, StringComparison.Ordinal))
            ModelState.AddModelError(nameof(Email), "This is already your email address.");
        if (!ModelState.IsValid)
            return Page();
        if (!limits.MayAsk(HttpContext, Email!))
        {
            Response.StatusCode = StatusCodes.Status429TooManyRequests;
            ModelState.AddModelError("", "Too many attempts. Wait a minute, then try again.");
            return Page();
        }
        await change.RequestAsync(HttpContext, CurrentAccount, Email!, cancellationToken);
        return RedirectToAccount("address-asked");
    }
}
