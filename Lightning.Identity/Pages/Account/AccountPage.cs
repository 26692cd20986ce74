using Lightning.Identity.Accounts;
using Lightning.Identity.Web;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.AspNetCore.WebUtilities;

namespace Lightning.Identity.Pages.Account;

/// <summary>What the account pages have in common: where the person was heading.</summary>
abstract class AccountPage : PageModel
{
    string? returnUrl;

    /// <summary>The authorization request or account page that waits for the person, if one does.</summary>
    [BindProperty(SupportsGet = true)]
    public string? ReturnUrl
    {
        get => returnUrl;
        set => returnUrl = Web.ReturnUrl.Accept(value);
    }

    /// <summary>To where the person was heading.</summary>
    protected IActionResult GoOn() => new SeeOther(ReturnUrl ?? Paths.Home);

    /// <summary>To the next step of a sign-in; the form again where there is none.</summary>
    protected IActionResult GoOn(SignInStep step, string outdated)
    {
        switch (step)
        {
            case SignInStep.SignedIn: return GoOn();
            case SignInStep.CodeWanted: return new SeeOther(WithReturnUrl(Paths.SecondStep));
            case SignInStep.SetUpWanted: return new SeeOther(WithReturnUrl(Paths.SecondStepSetUp));
            case SignInStep.PasskeyWanted:
                ModelState.AddModelError("", "This account signs in with a passkey. Use the button below.");
                return Page();
            case SignInStep.Disabled:
                ModelState.AddModelError("", "This account has been disabled. Ask whoever runs this service.");
                return Page();
            default:
                ModelState.AddModelError("", outdated);
                return Page();
        }
    }

    /// <summary>A page, with where the person was heading. Forms are posted to such an address too: it says which sign-in they are a step of.</summary>
    public string WithReturnUrl(string path) => ReturnUrl is null ? path : QueryHelpers.AddQueryString(path, "returnUrl", ReturnUrl);

    /// <summary>The form again, with the advice to wait.</summary>
    protected IActionResult TooMany()
    {
        Response.StatusCode = StatusCodes.Status429TooManyRequests;
        ModelState.AddModelError("", "Too many attempts. Wait a minute, then try again.");
        return Page();
    }
}
