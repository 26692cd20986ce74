using System.ComponentModel.DataAnnotations;
using Lightning.Data;
using Lightning.Identity.Accounts;
using Lightning.Identity.Passwords;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Mvc;

namespace Lightning.Identity.Pages.Account;

sealed class ChangePasswordModel(LightningDb db, AccountChanges changes, PasswordHashing hashing, AccountLimits limits, TimeProvider clock) : OwnPage(db, clock, Freshness.ToSee)
{
    [BindProperty]
    [StringLength(PasswordPolicy.Longest, ErrorMessage = "That is longer than any password here.")]
    public string? Current { get; set; }

    [BindProperty]
    [Required(ErrorMessage = "Choose a password.")]
    public string? Password { get; set; }

    [BindProperty]
    public bool EndOthers { get; set; } = true;

    public void OnGet() => ModelState.Clear();

    public async Task<IActionResult> OnPostAsync(CancellationToken cancellationToken)
    {
        if (Mine.PasswordHash is not null && string.IsNullOrEmpty(Current)) ModelState.AddModelError(nameof(Current), "Enter the password that you have now.");
        if (Password is not null && PasswordPolicy.Fault(Password, Mine.Email!, Mine.Name) is { } fault) ModelState.AddModelError(nameof(Password), fault);
        if (!ModelState.IsValid) return Page();
        if (!await limits.MayTryAsync(HttpContext, Mine.Email!))
        {
            Response.StatusCode = StatusCodes.Status429TooManyRequests;
            ModelState.AddModelError("", "Too many attempts. Wait a minute, then try again.");
            return Page();
        }
        // ASVS 5.0, 6.2.3.
        if (Mine.PasswordHash is not null && await hashing.VerifyAsync(Mine, Current!, cancellationToken) == PasswordVerificationResult.Failed)
        {
            ModelState.AddModelError(nameof(Current), "This is not your password.");
            return Page();
        }
        if (await changes.ChangePasswordAsync(HttpContext, Mine, Password!, EndOthers, cancellationToken)) return Done("password");
        ModelState.AddModelError("", "Your account was changed meanwhile, so nothing was done. Try again.");
        return Page();
    }
}
