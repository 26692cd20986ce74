using System.ComponentModel.DataAnnotations;
using Lightning.Identity.Accounts;
using Lightning.Identity.RateLimits;
using Lightning.Identity.Secrets;
using Lightning.Identity.Web;
using Lightning.ServiceDefaults;
using Microsoft.AspNetCore.Mvc;

namespace Lightning.Identity.Pages.Account;

sealed class ForgotPasswordModel(AccountLinkMailer links, AccountRateLimits limits, StateProtector protector)
    : AccountPage
{
    [BindProperty]
    [Required(ErrorMessage = "Enter your email address."), EmailAddressInput]
    public string? Email { get; set; }

    public async Task<IActionResult> OnPostAsync(CancellationToken cancellationToken)
    {
        if (!ModelState.IsValid)
            return Page();
        if (!limits.MayAsk(HttpContext, Email!))
            return TooManyAttempts();
        await links.SendPasswordResetLinkAsync(Email!, ReturnUrl, cancellationToken);
        return new SeeOther(CheckMailModel.CreateUrl(protector, new(MailPurpose.ResetPassword, Email!, ""), ReturnUrl));
    }
}
