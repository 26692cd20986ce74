using System.ComponentModel.DataAnnotations;
using Lightning.Identity.Accounts;
using Lightning.Identity.Passwords;
using Lightning.Identity.Sessions;
using Microsoft.AspNetCore.Mvc;

namespace Lightning.Identity.Pages.Account;

sealed class SignInModel(PasswordSignIn passwordSignIn, Passkeys passkeys, SignInSteps steps, AccountLimits limits) : AccountPage
{
    [BindProperty(SupportsGet = true)]
    [Required(ErrorMessage = "Enter your email address."), EmailAddress(ErrorMessage = "Enter an email address, such as ada@example.com."), StringLength(256)]
    public string? Email { get; set; }

    [BindProperty]
    [Required(ErrorMessage = "Enter your password."), StringLength(PasswordPolicy.Longest, ErrorMessage = "That is longer than any password here.")]
    public string? Password { get; set; }

    /// <summary>Who proves anew that it is them, before something of weight; null where somebody signs in.</summary>
    public LiveSession? Confirming => Web.ReturnUrl.IsAccountPage(ReturnUrl) ? HttpContext.BrowserSession() : null;

    public void OnGet()
    {
        ModelState.Clear();
        Email = Confirming?.Email ?? Email;
    }

    public async Task<IActionResult> OnPostAsync(CancellationToken cancellationToken)
    {
        if (!ModelState.IsValid) return Page();
        if (!await limits.MayTryAsync(HttpContext, Email!)) return TooMany();
        if (await passwordSignIn.TryAsync(Email!, Password!, cancellationToken) is { } account)
            return GoOn(await steps.GoOnAsync(HttpContext, account, PasswordSignIn.Method), "Email or password is not right.");
        ModelState.AddModelError("", "Email or password is not right.");
        return Page();
    }

    /// <summary>What a browser needs to ask its authenticator.</summary>
    public async Task<IActionResult> OnPostPasskeyOptionsAsync() => Content(await passkeys.RequestAsync(HttpContext), "application/json");

    public async Task<IActionResult> OnPostPasskeyAsync([FromForm, StringLength(Passkeys.LongestAnswer)] string? credential)
    {
        var tooLong = ModelState[nameof(credential)]?.Errors.Count > 0;
        ModelState.Clear();
        if (!tooLong && await passkeys.ProveAsync(HttpContext, credential ?? "") is { } account)
            return GoOn(await steps.GoOnAsync(HttpContext, account, Passkeys.Methods), "This passkey was removed.");
        ModelState.AddModelError("", "This passkey does not open any account here. Sign in another way, or choose another passkey.");
        return Page();
    }
}
