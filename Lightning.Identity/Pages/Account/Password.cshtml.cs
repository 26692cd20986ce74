using System.ComponentModel.DataAnnotations;
using Lightning.Data.Accounts;
using Lightning.Identity.Accounts;
using Lightning.Identity.Passwords;
using Lightning.Identity.Web;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Lightning.Identity.Pages.Account;

sealed class PasswordModel(PasswordChoice choice, SignInSteps steps, AccountLimits limits) : AccountPage
{
    [BindProperty(SupportsGet = true)]
    [StringLength(100)]
    public string? Token { get; set; }

    [BindProperty]
    [StringLength(Data.Users.User.NameLength, ErrorMessage = "Use at most 100 characters."), RegularExpression(@"\P{Cc}*", ErrorMessage = "Write your name in one line.")]
    public string? Name { get; set; }

    [BindProperty]
    [Required(ErrorMessage = "Choose a password.")]
    public string? Password { get; set; }

    /// <summary>The link that the person holds; null where it is no good any more.</summary>
    public AccountLink? Link { get; private set; }

    /// <summary>Whether the person is asked what they want to be called: somebody else may have typed the name, and the mailbox is theirs.</summary>
    public bool AsksName => Link?.Purpose == AccountLinkPurpose.Register;

    public async Task<IActionResult> OnGetAsync(CancellationToken cancellationToken)
    {
        ModelState.Clear();
        Link = await choice.FindLinkAsync(Token, cancellationToken);
        if (Link is not null) Name = PasswordChoice.NameOf(Link);
        return Shown();
    }

    public async Task<IActionResult> OnPostAsync(CancellationToken cancellationToken)
    {
        Link = await choice.FindLinkAsync(Token, cancellationToken);
        if (Link is null) return Shown();
        var name = string.IsNullOrWhiteSpace(Name) ? PasswordChoice.NameOf(Link) : Name;
        if (Password is not null && PasswordPolicy.Fault(Password, Link.Address, name) is { } fault) ModelState.AddModelError(nameof(Password), fault);
        if (!ModelState.IsValid) return Page();
        if (!limits.MayAsk(HttpContext, Link.Address)) return TooMany();

        if (await choice.ChooseAsync(HttpContext, Link, name, Password!, cancellationToken) is not { } account)
        {
            Link = null;
            return Shown();
        }
        var step = await steps.GoOnAsync(HttpContext, account, PasswordSignIn.Method);
        // The password was changed once more meanwhile: the page to go on to asks for it.
        if (step == SignInStep.Outdated) return GoOn();
        if (step is SignInStep.Disabled or SignInStep.PasskeyWanted) return new SeeOther($"{Paths.PasswordSet}?disabled={(step == SignInStep.Disabled ? "true" : "false")}");
        return GoOn(step, "");
    }

    PageResult Shown()
    {
        if (Link is null) Response.StatusCode = StatusCodes.Status400BadRequest;
        return Page();
    }
}
