using System.ComponentModel.DataAnnotations;
using Lightning.Data.Accounts;
using Lightning.Identity.Accounts;
using Lightning.Identity.Passwords;
using Lightning.Identity.RateLimits;
using Lightning.Identity.Sessions;
using Lightning.Identity.SignIn;
using Lightning.Identity.Web;
using Lightning.Sessions.Providers;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Lightning.Identity.Pages.Account;

sealed class PasswordModel(PasswordLinks choice, SignInFlow steps, AccountRateLimits limits) : AccountPage
{
    [BindProperty(SupportsGet = true)]
    [StringLength(100)]
    public string? Token { get; set; }

    [BindProperty]
    [PersonName]
    public string? Name { get; set; }

    [BindProperty]
    [Required(ErrorMessage = "Choose a password.")]
    public string? Password { get; set; }

    /// <summary>The link; null if it is not valid.</summary>
    public AccountLink? Link { get; private set; }

    /// <summary>
    /// Whether the form asks for the name: the registration form may have been filled in by someone else.
    /// </summary>
    public bool AsksName => Link?.Purpose == AccountLinkPurpose.Register;

    public async Task<IActionResult> OnGetAsync(CancellationToken cancellationToken)
    {
        ModelState.Clear();
        Link = await choice.FindLinkAsync(Token, cancellationToken);
        if (Link is not null)
            Name ??= PasswordLinks.SuggestedName(Link);
        return await ShowPageAsync(cancellationToken);
    }

    public async Task<IActionResult> OnPostAsync(CancellationToken cancellationToken)
    {
        Link = await choice.FindLinkAsync(Token, cancellationToken);
        if (Link is null)
            return await ShowPageAsync(cancellationToken);
        var name = string.IsNullOrWhiteSpace(Name) ? PasswordLinks.SuggestedName(Link) : Name;
        if (Password is not null && PasswordPolicy.Validate(Password, Link.Address, name) is { } error)
            ModelState.AddModelError(nameof(Password), error);
        if (!ModelState.IsValid)
            return Page();
        if (!limits.MayAsk(HttpContext, Link.Address))
            return TooManyAttempts();

        if (await choice.RedeemAsync(HttpContext, Link, name, Password!, cancellationToken) is not { } account)
        {
            Link = null;
            return await ShowPageAsync(cancellationToken);
        }
        var step = await steps.ContinueAsync(HttpContext, account, AuthenticationMethods.Password);
        // The password was changed again in the meantime: the next page asks the user to sign in.
        if (step == SignInStatus.CredentialsChanged)
            return Continue();
        if (step is SignInStatus.Disabled or SignInStatus.PasskeyRequired)
            return new SeeOther($"{Paths.PasswordSet}?disabled={(step == SignInStatus.Disabled ? "true" : "false")}");
        return Continue(step, "");
    }

    /// <summary>Shows the page; redirects if the user has redeemed the link in another tab.</summary>
    async Task<IActionResult> ShowPageAsync(CancellationToken cancellationToken)
    {
        if (
            Link is null
            && HttpMethods.IsPost(Request.Method)
            && HttpContext.BrowserSession() is { } session
            && await choice.IsRedeemedAsync(Token, session.Email, cancellationToken)
        )
            return Continue();
        if (Link is null)
            Response.StatusCode = StatusCodes.Status400BadRequest;
        return Page();
    }
}
