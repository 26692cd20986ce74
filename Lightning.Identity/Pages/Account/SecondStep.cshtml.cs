using System.ComponentModel.DataAnnotations;
using Lightning.Data;
using Lightning.Identity.Accounts;
using Lightning.Identity.Web;
using Microsoft.AspNetCore.Mvc;

namespace Lightning.Identity.Pages.Account;

/// <summary>The second step of a sign-in: a code of the account's authenticator app, or one of its recovery codes.</summary>
sealed class SecondStepModel(LightningDb db, SignInSteps steps, SecondFactor second, AccountBook book, AccountLimits limits, ProviderMetrics metrics, ILogger<SecondStepModel> logger) : AccountPage
{
    [BindProperty]
    [Required(ErrorMessage = "Enter a code."), StringLength(64, ErrorMessage = "That is longer than any code.")]
    public string? Code { get; set; }

    /// <summary>Whether the code is a recovery code.</summary>
    [BindProperty(SupportsGet = true)]
    public bool Recovery { get; set; }

    public async Task<IActionResult> OnGetAsync()
    {
        ModelState.Clear();
        return await steps.FindAsync(HttpContext) is null ? new SeeOther(WithReturnUrl(Paths.SignIn)) : Page();
    }

    public async Task<IActionResult> OnPostAsync()
    {
        if (await steps.FindAsync(HttpContext) is not var (account, methods)) return new SeeOther(WithReturnUrl(Paths.SignIn));
        if (!ModelState.IsValid) return Page();
        if (!limits.MayTryCode(HttpContext, account.Email!)) return TooMany();
        await using var transaction = await db.Database.BeginTransactionAsync();
        var taken = account.TwoFactorEnabled && (Recovery ? await second.TakeRecoveryCodeAsync(account, Code!) : await second.TakeCodeAsync(account, Code!));
        if (!taken)
        {
            metrics.SignInFailed(SecondFactor.Method);
            logger.SignInFailed(account.Id, SecondFactor.Method, Recovery ? "wrong recovery code" : "wrong or used code");
            ModelState.AddModelError(nameof(Code), Recovery ? "This is none of your recovery codes, or was used before." : "This code is not right, or was used before. Wait for the next one.");
            return Page();
        }
        if (Recovery) book.Enter(HttpContext, account, AccountEvent.RecoveryCodeUsed);
        await db.SaveChangesAsync();
        // Spent whether or not the sign-in goes through.
        await transaction.CommitAsync();
        if (Recovery) book.Done(HttpContext, account, AccountEvent.RecoveryCodeUsed);
        return GoOn(await steps.GoOnAsync(HttpContext, account, [.. methods, SecondFactor.Method, SecondFactor.Multiple]), "Your account was changed meanwhile. Sign in again.");
    }
}
