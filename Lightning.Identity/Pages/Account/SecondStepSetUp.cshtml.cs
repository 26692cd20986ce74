using System.ComponentModel.DataAnnotations;
using Lightning.Identity.Accounts;
using Lightning.Identity.Sessions;
using Lightning.Identity.Web;
using Microsoft.AspNetCore.Mvc;

namespace Lightning.Identity.Pages.Account;

/// <summary>A second factor for an account that must have one and has none, on the way to its session, for whoever proved a moment ago who they are (ASVS 5.0, 7.5.1).</summary>
sealed class SecondStepSetUpModel(SignInSteps steps, AccountChanges changes, AccountLimits limits, Seal seal, TimeProvider clock) : AccountPage
{
    [BindProperty]
    [Required(ErrorMessage = "Enter the code that your app shows."), StringLength(10, ErrorMessage = "That is longer than any code.")]
    public string? Code { get; set; }

    [BindProperty]
    [StringLength(2000)]
    public string? Key { get; set; }

    public AuthenticatorSetUp? SetUp { get; private set; }

    /// <summary>What is shown once it is done.</summary>
    public string[]? RecoveryCodes { get; private set; }

    /// <summary>Where to go on then.</summary>
    public string Next => ReturnUrl ?? Paths.Home;

    public async Task<IActionResult> OnGetAsync()
    {
        ModelState.Clear();
        if (await steps.FindAsync(HttpContext) is not ({ TwoFactorEnabled: false } account, var provedAt, _) || !RecentSignIn.IsRecent(provedAt, clock)) return new SeeOther(WithReturnUrl(Paths.SignIn));
        SetUp = AuthenticatorSetUp.Begin(seal, account);
        return Page();
    }

    public async Task<IActionResult> OnPostAsync()
    {
        if (await steps.FindAsync(HttpContext) is not ({ TwoFactorEnabled: false } account, var provedAt, var methods) || !RecentSignIn.IsRecent(provedAt, clock))
            return new SeeOther(WithReturnUrl(Paths.SignIn));
        SetUp = AuthenticatorSetUp.Again(seal, account, Key);
        if (!ModelState.IsValid) return Page();
        if (!await limits.MayTryCodeAsync(HttpContext, account.Email!)) return TooMany();
        if (AuthenticatorSetUp.Open(seal, account, Key) is not { } key || Totp.Match(key, Code!, clock.GetUtcNow()) is not { } step)
        {
            ModelState.AddModelError(nameof(Code), "This code is not right. Does the clock of your phone go right?");
            return Page();
        }
        if (await changes.AddAuthenticatorAsync(HttpContext, account, key, step, endOthers: false) is not { } codes) return new SeeOther(WithReturnUrl(Paths.SignIn));
        var result = GoOn(await steps.GoOnAsync(HttpContext, account, provedAt, [.. methods, SecondFactor.Method, SecondFactor.Multiple]), "Your account was changed meanwhile. Sign in again.");
        if (!ModelState.IsValid) return result;
        RecoveryCodes = codes;
        return Page();
    }
}
