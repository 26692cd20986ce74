using System.ComponentModel.DataAnnotations;
using Lightning.Data.Accounts;
using Lightning.Identity.Accounts;
using Lightning.Identity.Passwords;
using Lightning.Identity.Sessions;
using Lightning.Identity.Web;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Lightning.Identity.Pages.Account;

sealed class PasswordModel(PasswordChoice choice, BrowserSessions browser, AccountLimits limits) : AccountPage
{
    [BindProperty(SupportsGet = true)]
    [StringLength(100)]
    public string? Token { get; set; }

    [BindProperty]
    [Required(ErrorMessage = "Choose a password.")]
    public string? Password { get; set; }

    /// <summary>The link that the person holds; null where it is no good any more.</summary>
    public AccountLink? Link { get; private set; }

    public async Task<IActionResult> OnGetAsync(CancellationToken cancellationToken)
    {
        ModelState.Clear();
        Link = await choice.FindLinkAsync(Token, cancellationToken);
        return Shown();
    }

    public async Task<IActionResult> OnPostAsync(CancellationToken cancellationToken)
    {
        Link = await choice.FindLinkAsync(Token, cancellationToken);
        if (Link is null) return Shown();
        if (Password is not null && PasswordPolicy.Fault(Password, Link.Address, Link.Name) is { } fault) ModelState.AddModelError(nameof(Password), fault);
        if (!ModelState.IsValid) return Page();
        if (!limits.MayTry(HttpContext, Link.Address)) return TooMany();

        if (await choice.ChooseAsync(Link, Password!, cancellationToken) is not { } account)
        {
            Link = null;
            return Shown();
        }
        // False where the password was changed once more meanwhile: then the page to go on to asks for it.
        await browser.SignInAsync(HttpContext, account, PasswordSignIn.Method);
        return GoOn();
    }

    PageResult Shown()
    {
        if (Link is null) Response.StatusCode = StatusCodes.Status400BadRequest;
        return Page();
    }
}
