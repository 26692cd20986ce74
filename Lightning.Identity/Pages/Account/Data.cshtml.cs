using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using Lightning.Data;
using Lightning.Identity.Accounts;
using Lightning.Identity.Web;
using Lightning.ServiceDefaults;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Mvc;

namespace Lightning.Identity.Pages.Account;

/// <summary>Exports and deletes the account.</summary>
sealed class DataModel(LightningDb db, AccountRemoval removal, TimeProvider clock)
    : SignedInPage(db, clock, Reauthentication.RequiredToPost)
{
    static readonly JsonSerializerOptions Readable = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    [BindProperty]
    [Required(ErrorMessage = "Enter your email address to confirm.")]
    public string? Confirmation { get; set; }

    public void OnGet() => ModelState.Clear();

    public async Task<IActionResult> OnPostExportAsync(CancellationToken cancellationToken)
    {
        var data = await removal.ExportAsync(HttpContext, CurrentAccount, cancellationToken);
        return File(JsonSerializer.SerializeToUtf8Bytes(data, Readable), "application/json", "lightning-account.json");
    }

    public async Task<IActionResult> OnPostDeleteAsync()
    {
        if (
            ModelState.IsValid
            && !new[] { Confirmation!.Trim(), EmailAddress.Normalize(Confirmation) }.Contains(
                CurrentAccount.Email,
                StringComparer.OrdinalIgnoreCase
            )
        )
            ModelState.AddModelError(nameof(Confirmation), "This is not your email address.");
        if (!ModelState.IsValid)
            return Page();
        if (!await removal.DeleteAsync(HttpContext, CurrentAccount))
        {
            ModelState.AddModelError(
                "",
                "Your account was changed at the same time, so nothing was deleted. Try again."
            );
            return Page();
        }
        await HttpContext.SignOutAsync(CookieAuthenticationDefaults.AuthenticationScheme);
        return new SeeOther(Paths.Deleted);
    }
}
