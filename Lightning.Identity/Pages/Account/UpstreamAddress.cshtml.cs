using System.ComponentModel.DataAnnotations;
using Lightning.Identity.Sessions;
using Lightning.Identity.SignIn;
using Lightning.Identity.Upstream;
using Lightning.Identity.Web;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.AspNetCore.WebUtilities;

namespace Lightning.Identity.Pages.Account;

/// <summary>
/// The page of the link that verifies an upstream user's email address. The user confirms with a button, because mail
/// programs open links automatically.
/// </summary>
sealed class UpstreamAddressModel(
    UpstreamProviders providers,
    UpstreamEmailVerification proofs,
    SignInFlow steps,
    TimeProvider clock
) : PageModel
{
    [BindProperty(SupportsGet = true)]
    [StringLength(100)]
    public string? Token { get; set; }

    public string Address { get; private set; } = "";

    public string Title { get; private set; } = "";

    public async Task<IActionResult> OnGetAsync(CancellationToken cancellationToken)
    {
        if (
            await UpstreamTicket.ReadAsync(HttpContext, providers) is not { LinkTo: null } ticket
            || await proofs.FindAsync(Token, ticket.User, cancellationToken) is not { } address
        )
            return Expired();
        Address = address;
        Title = ticket.User.Provider.Title;
        return Page();
    }

    public async Task<IActionResult> OnPostAsync()
    {
        if (
            await UpstreamTicket.ReadAsync(HttpContext, providers) is not { LinkTo: null } ticket
            || await proofs.RegisterAsync(Token, ticket.User) is not { } account
        )
            return Expired();
        await UpstreamTicket.DeleteAsync(HttpContext);
        // If a second factor is required for everyone, a new user sets it up here.
        var page =
            await steps.ContinueAsync(
                HttpContext,
                account,
                ticket.ProvedAt(clock.GetUtcNow()),
                [AuthenticationMethods.Upstream]
            ) == SignInStatus.SetUpRequired
                ? Paths.SecondStepSetUp
                : null;
        return new SeeOther(
            (page, ticket.ReturnUrl) switch
            {
                (null, var url) => url ?? Paths.Home,
                (_, null) => page,
                var (_, url) => QueryHelpers.AddQueryString(page, "returnUrl", url),
            }
        );
    }

    /// <summary>Redirects if the user has registered in another tab.</summary>
    IActionResult Expired() =>
        HttpMethods.IsPost(Request.Method) && HttpContext.BrowserSession() is not null
            ? new SeeOther(Paths.Home)
            : new ErrorPageActionResult(
                new PageError(
                    StatusCodes.Status400BadRequest,
                    "This link has expired",
                    "It was already used, is older than ten minutes, or was requested in another browser. Sign in "
                        + "again to get a new one.",
                    Home: Paths.SignIn
                )
            );
}
