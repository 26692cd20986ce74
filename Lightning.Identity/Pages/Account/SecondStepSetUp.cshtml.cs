using System.ComponentModel.DataAnnotations;
using Lightning.Identity.Accounts;
using Lightning.Identity.Factors;
using Lightning.Identity.RateLimits;
using Lightning.Identity.Secrets;
using Lightning.Identity.Sessions;
using Lightning.Identity.SignIn;
using Lightning.Identity.Web;
using Microsoft.AspNetCore.Mvc;

namespace Lightning.Identity.Pages.Account;

/// <summary>
/// Sets up a second factor during a sign-in, for an account that must have one. Requires a recent authentication (ASVS
/// 5.0, 7.5.1).
/// </summary>
sealed class SecondStepSetUpModel(
    SignInFlow steps,
    AccountChanges changes,
    AccountRateLimits limits,
    StateProtector protector,
    TimeProvider clock
) : AccountPage
{
    [BindProperty]
    [
        Required(ErrorMessage = "Enter the code that your app shows."),
        StringLength(10, ErrorMessage = "This code is too long.")
    ]
    public string? Code { get; set; }

    [BindProperty]
    [StringLength(2000)]
    public string? Key { get; set; }

    public AuthenticatorSetUp? SetUp { get; private set; }

    /// <summary>The recovery codes, shown once after the setup; null before.</summary>
    public string[]? RecoveryCodes { get; private set; }

    /// <summary>Where to continue after the setup.</summary>
    public string Next => ReturnUrl ?? Paths.Home;

    public async Task<IActionResult> OnGetAsync()
    {
        ModelState.Clear();
        if (
            await steps.FindAsync(HttpContext) is not ({ TwoFactorEnabled: false } account, var provedAt, _)
            || !RecentSignIn.IsRecent(provedAt, clock)
        )
            return StartOver();
        SetUp = AuthenticatorSetUp.Create(protector, account);
        return Page();
    }

    public async Task<IActionResult> OnPostAsync()
    {
        if (
            await steps.FindAsync(HttpContext) is not ({ TwoFactorEnabled: false } account, var provedAt, var methods)
            || !RecentSignIn.IsRecent(provedAt, clock)
        )
            return StartOver();
        SetUp = AuthenticatorSetUp.Restore(protector, account, Key);
        if (!ModelState.IsValid)
            return Page();
        if (!await limits.MayTryCodeAsync(HttpContext, account.Email!))
            return TooManyAttempts();
        if (
            AuthenticatorSetUp.Unprotect(protector, account, Key) is not { } key
            || Totp.Match(key, Code!, clock.GetUtcNow()) is not { } step
        )
        {
            ModelState.AddModelError(nameof(Code), "That code is incorrect. Enter the current code from your app.");
            return Page();
        }
        if (await changes.AddAuthenticatorAsync(HttpContext, account, key, step, endOthers: false) is not { } codes)
            return StartOver();
        var result = Continue(
            await steps.ContinueAsync(
                HttpContext,
                account,
                provedAt,
                [.. methods, AuthenticationMethods.OneTimePassword, AuthenticationMethods.MultipleFactors]
            ),
            "Your account has changed. Sign in again."
        );
        if (!ModelState.IsValid)
            return result;
        RecoveryCodes = codes;
        return Page();
    }
}
