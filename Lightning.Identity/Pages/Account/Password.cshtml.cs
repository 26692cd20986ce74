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
    [StringLength(Data.Users.User.NameLength, ErrorMessage = "Use at most 100 characters.")]
    public string? Name { get; set; }

    [BindProperty]
    [Required(ErrorMessage = "Choose a password.")]
    public string? Password { get; set; }

    /// <summary>The link that the person holds; null where it is no good any more.</summary>
    public AccountLink? Link { get; private set; }

    public bool IsNew => Link?.Purpose == AccountLinkPurpose.Register;

    /// <summary>A link printed by the command line has no name yet.</summary>
    public bool NeedsName => IsNew && Link!.Name.Length == 0;

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
        var name = NeedsName ? Name?.Trim() ?? "" : Link.Name;
        if (NeedsName && name.Length == 0) ModelState.AddModelError(nameof(Name), "Enter your name.");
        if (Password is not null && PasswordPolicy.Fault(Password, Link.Address, name) is { } fault) ModelState.AddModelError(nameof(Password), fault);
        if (!ModelState.IsValid) return Page();
        if (!limits.MayTry(HttpContext, Link.Address)) return TooMany();

        if (await choice.ChooseAsync(Link, Password!, name, cancellationToken) is not { } userId)
        {
            Link = null;
            return Shown();
        }
        await browser.SignInAsync(HttpContext, userId, PasswordSignIn.Method);
        return GoOn();
    }

    PageResult Shown()
    {
        if (Link is null) Response.StatusCode = StatusCodes.Status400BadRequest;
        return Page();
    }
}
