using System.ComponentModel.DataAnnotations;
using Lightning.Identity.Accounts;
using Lightning.Identity.RateLimits;
using Lightning.Identity.Secrets;
using Lightning.Identity.Web;
using Lightning.ServiceDefaults;
using Lightning.Sessions.Providers;
using Microsoft.AspNetCore.Mvc;

namespace Lightning.Identity.Pages.Account;

sealed class RegisterModel(AccountLinkMailer links, AccountRateLimits limits, StateProtector protector) : AccountPage
{
    [BindProperty]
    [Required(ErrorMessage = "Enter your name."), PersonName]
    public string? Name { get; set; }

    [BindProperty(SupportsGet = true)]
    [Required(ErrorMessage = "Enter your email address."), EmailAddressInput]
    public string? Email
    {
        get;
        set => field = EmailAddress.Normalize(value);
    }

    public void OnGet() => ModelState.Clear();

    public async Task<IActionResult> OnPostAsync(CancellationToken cancellationToken)
    {
        if (!ModelState.IsValid)
            return Page();
        if (!limits.MayAsk(HttpContext, Email!))
            return TooManyAttempts();
        await links.SendRegistrationLinkAsync(Email!, Name!, ReturnUrl, cancellationToken);
        return new SeeOther(CheckMailModel.CreateUrl(protector, new(MailPurpose.Register, Email!, Name!), ReturnUrl));
    }
}
