using System.ComponentModel.DataAnnotations;
using Lightning.Identity.Factors;
using Lightning.Identity.Passwords;
using Lightning.Identity.RateLimits;
using Lightning.Identity.Sessions;
using Lightning.Identity.SignIn;
using Lightning.ServiceDefaults;
using Microsoft.AspNetCore.Mvc;

namespace Lightning.Identity.Pages.Account;

sealed class SignInModel(PasswordSignIn passwordSignIn, Passkeys passkeys, SignInFlow steps, AccountRateLimits limits)
    : AccountPage
{
    [BindProperty(SupportsGet = true)]
    [Required(ErrorMessage = "Enter your email address."), StringLength(EmailAddress.MaxInputLength)]
    public string? Email { get; set; }

    [BindProperty]
    [Required(ErrorMessage = "Enter your password."), PasswordLength]
    public string? Password { get; set; }

    /// <summary>The session to confirm before a sensitive change; null for a normal sign-in.</summary>
    public ProviderSession? Confirming => Web.ReturnUrl.IsAccountPage(ReturnUrl) ? HttpContext.BrowserSession() : null;

    /// <summary>Whether the user was signed out while filling in a form.</summary>
    [BindProperty(SupportsGet = true, Name = "signedOut")]
    public bool WasSignedOut { get; set; }

    public IActionResult OnGet()
    {
        ModelState.Clear();
        // The user has signed in in another tab.
        if (
            StaleForm.Of(HttpContext) is not null
            && HttpContext.BrowserSession() is { } session
            && (Email is null || string.Equals(Email, session.Email, StringComparison.OrdinalIgnoreCase))
        )
            return Continue();
        Email = Confirming?.Email ?? Email;
        return Page();
    }

    public async Task<IActionResult> OnPostAsync(CancellationToken cancellationToken)
    {
        if (!ModelState.IsValid)
            return Page();
        if (!await limits.MayTryAsync(HttpContext, Email!))
            return TooManyAttempts();
        if (await passwordSignIn.TryAsync(Email!, Password!, cancellationToken) is { } account)
            return Continue(
                await steps.ContinueAsync(HttpContext, account, AuthenticationMethods.Password),
                "Wrong email or password."
            );
        ModelState.AddModelError("", "Wrong email or password.");
        return Page();
    }

    /// <summary>The options for signing in with a passkey, for the script.</summary>
    public async Task<IActionResult> OnPostPasskeyOptionsAsync() =>
        Content(await passkeys.RequestAsync(HttpContext), "application/json");

    public async Task<IActionResult> OnPostPasskeyAsync(
        [FromForm, StringLength(Passkeys.MaxCredentialLength)] string? credential
    )
    {
        var tooLong = ModelState[nameof(credential)]?.Errors.Count > 0;
        ModelState.Clear();
        if (!tooLong && await passkeys.ProveAsync(HttpContext, credential ?? "") is { } account)
            return Continue(
                await steps.ContinueAsync(HttpContext, account, AuthenticationMethods.Passkey),
                "This passkey was removed."
            );
        ModelState.AddModelError(
            "",
            "This passkey does not belong to an account here. Sign in another way, or choose another passkey."
        );
        return Page();
    }
}
