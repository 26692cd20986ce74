using System.ComponentModel.DataAnnotations;
using Lightning.Identity.Accounts;
using Lightning.Identity.Passwords;
using Lightning.Identity.Sessions;
using Lightning.Identity.Web;
using Microsoft.AspNetCore.Mvc;

namespace Lightning.Identity.Pages.Account;

sealed class SignInModel(PasswordSignIn passwordSignIn, BrowserSessions browser, AccountLimits limits) : AccountPage
{
    [BindProperty(SupportsGet = true)]
    [Required(ErrorMessage = "Enter your email address."), EmailAddress(ErrorMessage = "Enter an email address, such as ada@example.com."), StringLength(256)]
    public string? Email { get; set; }

    [BindProperty]
    [Required(ErrorMessage = "Enter your password."), StringLength(PasswordPolicy.Longest, ErrorMessage = "That is longer than any password here.")]
    public string? Password { get; set; }

    public void OnGet() => ModelState.Clear();

    public async Task<IActionResult> OnPostAsync(CancellationToken cancellationToken)
    {
        if (!ModelState.IsValid) return Page();
        if (!limits.MayTry(HttpContext, Email!)) return TooMany();
        var (outcome, account) = await passwordSignIn.TryAsync(Email!, Password!, cancellationToken);
        if (outcome == PasswordSignInOutcome.SignedIn && await browser.SignInAsync(HttpContext, account!, PasswordSignIn.Method)) return GoOn();
        ModelState.AddModelError("", outcome == PasswordSignInOutcome.Disabled
            ? "This account has been disabled. Ask whoever runs this service."
            : "Email or password is not right.");
        return Page();
    }
}
