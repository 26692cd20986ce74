using System.ComponentModel.DataAnnotations;
using Lightning.Data;
using Lightning.Identity.Accounts;
using Lightning.Identity.Audit;
using Lightning.Identity.Web;
using Microsoft.AspNetCore.Mvc;

namespace Lightning.Identity.Pages.Account;

/// <summary>The second step of a sign-in: a code of the account's authenticator app, or one of its recovery codes.</summary>
sealed class SecondStepModel(LightningDb db, SignInSteps steps, SecondFactor second, AccountBook book, AccountLimits limits, SignInFailures failures) : AccountPage
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
        if (await steps.FindAsync(HttpContext) is not var (account, provedAt, methods)) return new SeeOther(WithReturnUrl(Paths.SignIn));
        if (!ModelState.IsValid) return Page();
        if (!await limits.MayTryCodeAsync(HttpContext, account.Email!)) return TooMany();
        await using var transaction = await db.Database.BeginTransactionAsync();
        var taken = account.TwoFactorEnabled && (Recovery ? await second.TakeRecoveryCodeAsync(account, Code!) : await second.TakeCodeAsync(account, Code!));
        if (!taken)
        {
            var failed = failures.Enter(account.Id, SecondFactor.Method, Recovery ? "wrong recovery code" : "wrong or used code");
            await db.SaveChangesAsync();
            await transaction.CommitAsync();
            failed();
            ModelState.AddModelError(nameof(Code), Recovery ? "This is none of your recovery codes, or was used before." : "This code is not right, or was used before. Wait for the next one.");
            return Page();
        }
        var used = Recovery ? book.Enter(HttpContext, account, AccountEvent.RecoveryCodeUsed) : null;
        await db.SaveChangesAsync();
        // Spent whether or not the sign-in goes through.
        await transaction.CommitAsync();
        if (used is not null) book.Done(used, AccountEvent.RecoveryCodeUsed);
        return GoOn(await steps.GoOnAsync(HttpContext, account, provedAt, [.. methods, SecondFactor.Method, SecondFactor.Multiple]), "Your account was changed meanwhile. Sign in again.");
    }
}
