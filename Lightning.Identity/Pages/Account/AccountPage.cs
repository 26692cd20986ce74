using Lightning.Identity.Web;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Lightning.Identity.Pages.Account;

/// <summary>What the account pages have in common: where the person was heading.</summary>
abstract class AccountPage : PageModel
{
    string? returnUrl;

    /// <summary>The authorization request that waits for the person, if one does.</summary>
    [BindProperty(SupportsGet = true)]
    public string? ReturnUrl
    {
        get => returnUrl;
        set => returnUrl = Web.ReturnUrl.Accept(value);
    }

    /// <summary>To where the person was heading.</summary>
    protected IActionResult GoOn() => new SeeOther(ReturnUrl ?? Paths.Home);

    /// <summary>The form again, with the advice to wait.</summary>
    protected IActionResult TooMany()
    {
        Response.StatusCode = StatusCodes.Status429TooManyRequests;
        ModelState.AddModelError("", "Too many attempts. Wait a minute, then try again.");
        return Page();
    }
}
