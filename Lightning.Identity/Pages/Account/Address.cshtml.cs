using System.ComponentModel.DataAnnotations;
using Lightning.Data;
using Lightning.Identity.Accounts;
using Lightning.Identity.Web;
using Microsoft.AspNetCore.Mvc;

namespace Lightning.Identity.Pages.Account;

sealed class AddressModel(LightningDb db, AddressChange change, AccountLimits limits, TimeProvider clock) : OwnPage(db, clock, Freshness.ToSee)
{
    [BindProperty]
    [Required(ErrorMessage = "Enter the new email address."), MailAddress(ErrorMessage = "Enter an email address, such as ada@example.com."), StringLength(256)]
    public string? Email { get; set; }

    public void OnGet() => ModelState.Clear();

    public async Task<IActionResult> OnPostAsync(CancellationToken cancellationToken)
    {
        if (string.Equals(Email, Mine.Email, StringComparison.Ordinal)) ModelState.AddModelError(nameof(Email), "This is your address already.");
        if (!ModelState.IsValid) return Page();
        if (!limits.MayAsk(HttpContext, Email!))
        {
            Response.StatusCode = StatusCodes.Status429TooManyRequests;
            ModelState.AddModelError("", "Too many attempts. Wait a minute, then try again.");
            return Page();
        }
        await change.AskAsync(HttpContext, Mine, Email!, cancellationToken);
        return Done("address-asked");
    }
}
