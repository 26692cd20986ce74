using Lightning.Identity.Sessions;
using Lightning.Identity.SignIn;
using Lightning.Identity.Web;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.AspNetCore.WebUtilities;

namespace Lightning.Identity.Pages.Account;

/// <summary>A page that returns to a return URL when it is done.</summary>
abstract class AccountPage : PageModel
{
    string? returnUrl;

    /// <summary>The suspended authorization request or account page to continue with; null if there is none.</summary>
    [BindProperty(SupportsGet = true)]
    public string? ReturnUrl
    {
        get => returnUrl;
        set => returnUrl = Web.ReturnUrl.Accept(value);
    }

    /// <summary>Redirects to the return URL.</summary>
    protected IActionResult Continue() => new SeeOther(ReturnUrl ?? Paths.Home);

    /// <summary>Redirects to the next step of a sign-in, or shows the form again with an error.</summary>
    protected IActionResult Continue(SignInStatus step, string credentialsChanged)
    {
        switch (step)
        {
            case SignInStatus.SignedIn:
                return Continue();
            case SignInStatus.CodeRequired:
                return new SeeOther(WithReturnUrl(Paths.SecondStep));
            case SignInStatus.SetUpRequired:
                return new SeeOther(WithReturnUrl(Paths.SecondStepSetUp));
            case SignInStatus.PasskeyRequired:
                ModelState.AddModelError("", "Sign in to this account with its passkey. Use the button below.");
                return Page();
            case SignInStatus.Disabled:
                ModelState.AddModelError("", "This account has been disabled. Contact support.");
                return Page();
            default:
                ModelState.AddModelError("", credentialsChanged);
                return Page();
        }
    }

    /// <summary>
    /// A path with the return URL in its query. Forms post to such URLs too, so that all steps belong to one sign-in.
    /// </summary>
    public string WithReturnUrl(string path) =>
        ReturnUrl is null ? path : QueryHelpers.AddQueryString(path, "returnUrl", ReturnUrl);

    /// <summary>
    /// Redirects to the return URL if the sign-in was completed in another tab, otherwise to the start of the sign-in.
    /// </summary>
    protected IActionResult StartOver() =>
        HttpContext.BrowserSession() is not null ? Continue() : new SeeOther(WithReturnUrl(Paths.SignIn));

    /// <summary>Shows the form again with status 429.</summary>
    protected IActionResult TooManyAttempts()
    {
        Response.StatusCode = StatusCodes.Status429TooManyRequests;
        ModelState.AddModelError("", "Too many attempts. Wait a minute, then try again.");
        return Page();
    }
}
