using System.ComponentModel.DataAnnotations;
using Lightning.Data;
using Lightning.Identity.Accounts;
using Lightning.Identity.Passwords;
using Lightning.Identity.RateLimits;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Mvc;

namespace Lightning.Identity.Pages.Account;

sealed class ChangePasswordModel(
    LightningDb db,
    AccountChanges changes,
    PasswordHashing hashing,
    AccountRateLimits limits,
    TimeProvider clock
) : SignedInPage(db, clock, Reauthentication.Required)
{
    [BindProperty]
    [PasswordLength]
    public string? Current { get; set; }

    [BindProperty]
    [Required(ErrorMessage = "Choose a password.")]
    public string? Password { get; set; }

    [BindProperty]
    public bool EndOthers { get; set; } = true;

    public void OnGet() => ModelState.Clear();

    public async Task<IActionResult> OnPostAsync(CancellationToken cancellationToken)
    {
        if (CurrentAccount.PasswordHash is not null && string.IsNullOrEmpty(Current))
            ModelState.AddModelError(nameof(Current), "Enter your current password.");
        if (
            Password is not null
            && PasswordPolicy.Validate(Password, CurrentAccount.Email!, CurrentAccount.Name) is { } error
        )
            ModelState.AddModelError(nameof(Password), error);
        if (!ModelState.IsValid)
            return Page();
        if (!await limits.MayTryAsync(HttpContext, CurrentAccount.Email!))
        {
            Response.StatusCode = StatusCodes.Status429TooManyRequests;
            ModelState.AddModelError("", "Too many attempts. Wait a minute, then try again.");
            return Page();
        }
        // ASVS 5.0, 6.2.3.
        if (
            CurrentAccount.PasswordHash is not null
            && await hashing.VerifyAsync(CurrentAccount, Current!, cancellationToken)
                == PasswordVerificationResult.Failed
        )
        {
            ModelState.AddModelError(nameof(Current), "This is not your password.");
            return Page();
        }
        if (await changes.ChangePasswordAsync(HttpContext, CurrentAccount, Password!, EndOthers, cancellationToken))
            return RedirectToAccount("password");
        ModelState.AddModelError("", "Your account was changed at the same time, so nothing was saved. Try again.");
        return Page();
    }
}
