using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using Lightning.Data;
using Lightning.Identity.Accounts;
using Lightning.Identity.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Mvc;

namespace Lightning.Identity.Pages.Account;

/// <summary>What a person takes along, and how they go.</summary>
sealed class DataModel(LightningDb db, AccountRemoval removal, TimeProvider clock) : OwnPage(db, clock, Freshness.ToAct)
{
    static readonly JsonSerializerOptions Readable = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    [BindProperty]
    [Required(ErrorMessage = "Write your email address, so that nothing is deleted by mistake.")]
    public string? Confirmation { get; set; }

    public void OnGet() => ModelState.Clear();

    public async Task<IActionResult> OnPostExportAsync(CancellationToken cancellationToken)
    {
        var data = await removal.ExportAsync(HttpContext, Mine, cancellationToken);
        return File(JsonSerializer.SerializeToUtf8Bytes(data, Readable), "application/json", "lightning-account.json");
    }

    public async Task<IActionResult> OnPostDeleteAsync()
    {
        if (ModelState.IsValid && !string.Equals(Confirmation!.Trim(), Mine.Email, StringComparison.OrdinalIgnoreCase))
            ModelState.AddModelError(nameof(Confirmation), "This is not your email address.");
        if (!ModelState.IsValid) return Page();
        if (!await removal.DeleteAsync(HttpContext, Mine))
        {
            ModelState.AddModelError("", "Your account was changed meanwhile, so nothing was done. Try again.");
            return Page();
        }
        await HttpContext.SignOutAsync(CookieAuthenticationDefaults.AuthenticationScheme);
        return new SeeOther(Paths.SignedOut);
    }
}
