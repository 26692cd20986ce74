using System.ComponentModel.DataAnnotations;
using Lightning.Data;
using Lightning.Identity.Accounts;
using Lightning.Identity.Audit;
using Lightning.Identity.Factors;
using Lightning.Identity.RateLimits;
using Lightning.Identity.Sessions;
using Lightning.Identity.SignIn;
using Lightning.Identity.Web;
using Microsoft.AspNetCore.Mvc;

namespace Lightning.Identity.Pages.Account;

/// <summary>The second step of a sign-in: a code from the authenticator app, or a recovery code.</summary>
sealed class SecondStepModel(
    LightningDb db,
    SignInFlow steps,
    SecondFactor secondFactor,
    AccountEventRecorder events,
    AccountRateLimits limits,
    SignInFailureLog failures
) : AccountPage
{
    [BindProperty]
    [Required(ErrorMessage = "Enter a code."), StringLength(64, ErrorMessage = "This code is too long.")]
    public string? Code { get; set; }

    /// <summary>Whether the code is a recovery code.</summary>
    [BindProperty(SupportsGet = true)]
    public bool Recovery { get; set; }

    public async Task<IActionResult> OnGetAsync()
    {
        ModelState.Clear();
        return await steps.FindAsync(HttpContext) is null ? StartOver() : Page();
    }

    public async Task<IActionResult> OnPostAsync()
    {
        if (await steps.FindAsync(HttpContext) is not var (account, provedAt, methods))
            return StartOver();
        if (!ModelState.IsValid)
            return Page();
        if (!await limits.MayTryCodeAsync(HttpContext, account.Email!))
            return TooManyAttempts();
        await using var transaction = await db.Database.BeginTransactionAsync();
        var taken =
            account.TwoFactorEnabled
            && (
                Recovery
                    ? await secondFactor.ConsumeRecoveryCodeAsync(account, Code!)
                    : await secondFactor.ConsumeCodeAsync(account, Code!)
            );
        if (!taken)
        {
            var failed = failures.Add(
                account.Id,
                AuthenticationMethods.OneTimePassword,
                Recovery ? "wrong recovery code" : "wrong or used code"
            );
            await db.SaveChangesAsync();
            await transaction.CommitAsync();
            failed();
            ModelState.AddModelError(
                nameof(Code),
                Recovery
                    ? "That recovery code is incorrect or was used before."
                    : "That code is incorrect or was used before. Enter the next code from your app."
            );
            return Page();
        }
        var used = Recovery ? events.Record(HttpContext, account, AccountEvent.RecoveryCodeUsed) : null;
        await db.SaveChangesAsync();
        // The code is used even if the sign-in then fails.
        await transaction.CommitAsync();
        if (used is not null)
            events.AfterCommit(used, AccountEvent.RecoveryCodeUsed);
        return Continue(
            await steps.ContinueAsync(
                HttpContext,
                account,
                provedAt,
                [.. methods, AuthenticationMethods.OneTimePassword, AuthenticationMethods.MultipleFactors]
            ),
            "Your account has changed. Sign in again."
        );
    }
}
