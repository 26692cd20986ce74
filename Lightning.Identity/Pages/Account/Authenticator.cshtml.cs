using System.ComponentModel.DataAnnotations;
using Lightning.Data;
using Lightning.Identity.Accounts;
using Lightning.Identity.Web;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Identity.Pages.Account;

sealed class AuthenticatorModel(LightningDb db, AccountChanges changes, SecondFactor second, SecondFactorRule rule, AccountLimits limits, Seal seal, TimeProvider clock)
    : OwnPage(db, clock, Freshness.ToSee)
{
    readonly LightningDb db = db;
    readonly TimeProvider clock = clock;

    [BindProperty]
    [StringLength(10, ErrorMessage = "That is longer than any code.")]
    public string? Code { get; set; }

    [BindProperty]
    [StringLength(2000)]
    public string? Key { get; set; }

    [BindProperty]
    public bool EndOthers { get; set; } = true;

    /// <summary>A secret to scan, where no app is connected.</summary>
    public AuthenticatorSetUp? SetUp { get; private set; }

    /// <summary>New recovery codes, shown this once.</summary>
    public string[]? RecoveryCodes { get; private set; }

    public int CodesLeft { get; private set; }

    /// <summary>Whether the person must have a second factor.</summary>
    public bool IsRequired { get; private set; }

    public async Task<IActionResult> OnGetAsync(CancellationToken cancellationToken)
    {
        ModelState.Clear();
        return await ShownAsync(cancellationToken);
    }

    /// <summary>Connects an app that shows a right code.</summary>
    public async Task<IActionResult> OnPostAsync(CancellationToken cancellationToken)
    {
        if (Mine.TwoFactorEnabled) return new SeeOther(Paths.Authenticator);
        if (string.IsNullOrWhiteSpace(Code)) ModelState.AddModelError(nameof(Code), "Enter the code that your app shows.");
        if (!ModelState.IsValid) return await ShownAsync(cancellationToken);
        if (!await limits.MayTryCodeAsync(HttpContext, Mine.Email!))
        {
            Response.StatusCode = StatusCodes.Status429TooManyRequests;
            ModelState.AddModelError("", "Too many attempts. Wait a few minutes, then try again.");
            return await ShownAsync(cancellationToken);
        }
        if (AuthenticatorSetUp.Open(seal, Mine, Key) is not { } key || Totp.Match(key, Code!, clock.GetUtcNow()) is not { } step)
        {
            ModelState.AddModelError(nameof(Code), "This code is not right. Does the clock of your phone go right?");
            return await ShownAsync(cancellationToken);
        }
        RecoveryCodes = await changes.AddAuthenticatorAsync(HttpContext, Mine, key, step, EndOthers);
        return RecoveryCodes is null ? new SeeOther(Paths.Authenticator) : await ShownAsync(cancellationToken);
    }

    /// <summary>Makes new recovery codes.</summary>
    public async Task<IActionResult> OnPostCodesAsync(CancellationToken cancellationToken)
    {
        ModelState.Clear();
        if (!Mine.TwoFactorEnabled) return new SeeOther(Paths.Authenticator);
        RecoveryCodes = await changes.RenewRecoveryCodesAsync(HttpContext, Mine);
        return RecoveryCodes is null ? new SeeOther(Paths.Authenticator) : await ShownAsync(cancellationToken);
    }

    /// <summary>Takes the app out.</summary>
    public async Task<IActionResult> OnPostOffAsync(CancellationToken cancellationToken)
    {
        ModelState.Clear();
        await ShownAsync(cancellationToken);
        if (IsRequired || !Mine.TwoFactorEnabled) return new SeeOther(Paths.Authenticator);
        return await changes.RemoveAuthenticatorAsync(HttpContext, Mine, EndOthers) ? Done("authenticator-off") : new SeeOther(Paths.Authenticator);
    }

    async Task<PageResult> ShownAsync(CancellationToken cancellationToken)
    {
        CodesLeft = await second.CountRecoveryCodesAsync(Mine.Id, cancellationToken);
        IsRequired = rule.ForEveryone || (rule.ForAdministrators && await db.Users.AnyAsync(user => user.Id == Mine.Id && user.IsAdmin, cancellationToken));
        if (!Mine.TwoFactorEnabled) SetUp = AuthenticatorSetUp.Again(seal, Mine, Key);
        return Page();
    }
}
