using System.ComponentModel.DataAnnotations;
using Lightning.Data;
using Lightning.Identity.Accounts;
using Lightning.Identity.Factors;
using Lightning.Identity.RateLimits;
using Lightning.Identity.Secrets;
using Lightning.Identity.Sessions;
using Lightning.Identity.Web;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Identity.Pages.Account;

sealed class AuthenticatorModel(
    LightningDb db,
    AccountChanges changes,
    SecondFactor secondFactor,
    SecondFactorPolicy policy,
    AccountRateLimits limits,
    StateProtector protector,
    TimeProvider clock
) : SignedInPage(db, clock, Reauthentication.Required)
{
    readonly LightningDb db = db;
    readonly TimeProvider clock = clock;

    [BindProperty]
    [StringLength(10, ErrorMessage = "This code is too long.")]
    public string? Code { get; set; }

    [BindProperty]
    [StringLength(2000)]
    public string? Key { get; set; }

    [BindProperty]
    public bool EndOthers { get; set; } = true;

    /// <summary>The key to set up; null if an app is connected.</summary>
    public AuthenticatorSetUp? SetUp { get; private set; }

    /// <summary>New recovery codes, shown once; null if none were created.</summary>
    public string[]? RecoveryCodes { get; private set; }

    public int CodesLeft { get; private set; }

    /// <summary>Whether the account must have a second factor.</summary>
    public bool IsRequired { get; private set; }

    public async Task<IActionResult> OnGetAsync(CancellationToken cancellationToken)
    {
        ModelState.Clear();
        return await ShowAsync(cancellationToken);
    }

    /// <summary>Connects an app after the user entered a valid code.</summary>
    public async Task<IActionResult> OnPostAsync(CancellationToken cancellationToken)
    {
        if (CurrentAccount.TwoFactorEnabled)
            return new SeeOther(Paths.Authenticator);
        if (string.IsNullOrWhiteSpace(Code))
            ModelState.AddModelError(nameof(Code), "Enter the code that your app shows.");
        if (!ModelState.IsValid)
            return await ShowAsync(cancellationToken);
        if (!await limits.MayTryCodeAsync(HttpContext, CurrentAccount.Email!))
        {
            Response.StatusCode = StatusCodes.Status429TooManyRequests;
            ModelState.AddModelError("", "Too many attempts. Wait a few minutes, then try again.");
            return await ShowAsync(cancellationToken);
        }
        if (
            AuthenticatorSetUp.Unprotect(protector, CurrentAccount, Key) is not { } key
            || Totp.Match(key, Code!, clock.GetUtcNow()) is not { } step
        )
        {
            ModelState.AddModelError(nameof(Code), "That code is incorrect. Enter the current code from your app.");
            return await ShowAsync(cancellationToken);
        }
        RecoveryCodes = await changes.AddAuthenticatorAsync(HttpContext, CurrentAccount, key, step, EndOthers);
        return RecoveryCodes is null ? new SeeOther(Paths.Authenticator) : await ShowAsync(cancellationToken);
    }

    /// <summary>Creates new recovery codes.</summary>
    public async Task<IActionResult> OnPostCodesAsync(CancellationToken cancellationToken)
    {
        ModelState.Clear();
        if (!CurrentAccount.TwoFactorEnabled)
            return new SeeOther(Paths.Authenticator);
        RecoveryCodes = await changes.RenewRecoveryCodesAsync(HttpContext, CurrentAccount);
        return RecoveryCodes is null ? new SeeOther(Paths.Authenticator) : await ShowAsync(cancellationToken);
    }

    /// <summary>Removes the app.</summary>
    public async Task<IActionResult> OnPostOffAsync(CancellationToken cancellationToken)
    {
        ModelState.Clear();
        await ShowAsync(cancellationToken);
        if (IsRequired || !CurrentAccount.TwoFactorEnabled)
            return new SeeOther(Paths.Authenticator);
        return await changes.RemoveAuthenticatorAsync(HttpContext, CurrentAccount, EndOthers)
            ? RedirectToAccount("authenticator-off")
            : new SeeOther(Paths.Authenticator);
    }

    async Task<PageResult> ShowAsync(CancellationToken cancellationToken)
    {
        CodesLeft = await secondFactor.CountRecoveryCodesAsync(CurrentAccount.Id, cancellationToken);
        IsRequired =
            policy.ForEveryone
            || (
                policy.ForAdministrators
                && await db.Users.AnyAsync(user => user.Id == CurrentAccount.Id && user.IsAdmin, cancellationToken)
            );
        if (!CurrentAccount.TwoFactorEnabled)
            SetUp = AuthenticatorSetUp.Restore(protector, CurrentAccount, Key);
        return Page();
    }
}
