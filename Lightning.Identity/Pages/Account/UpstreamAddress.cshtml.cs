using System.ComponentModel.DataAnnotations;
using Lightning.Identity.Accounts;
using Lightning.Identity.Upstream;
using Lightning.Identity.Web;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.AspNetCore.WebUtilities;

namespace Lightning.Identity.Pages.Account;

/// <summary>Where the mailed link of a newcomer leads whose address no provider has proved. A click makes the account: mail programs open links by themselves.</summary>
sealed class UpstreamAddressModel(UpstreamProviders providers, AddressProofs proofs, SignInSteps steps, TimeProvider clock) : PageModel
{
    [BindProperty(SupportsGet = true)]
    [StringLength(100)]
    public string? Token { get; set; }

    public string Address { get; private set; } = "";

    public string Title { get; private set; } = "";

    public async Task<IActionResult> OnGetAsync(CancellationToken cancellationToken)
    {
        if (await UpstreamTicket.ReadAsync(HttpContext, providers) is not { LinkTo: null } ticket || await proofs.FindAsync(Token, ticket.Person, cancellationToken) is not { } address) return Over();
        (Address, Title) = (address, ticket.Person.Provider.Title);
        return Page();
    }

    public async Task<IActionResult> OnPostAsync()
    {
        if (await UpstreamTicket.ReadAsync(HttpContext, providers) is not { LinkTo: null } ticket || await proofs.RegisterAsync(Token, ticket.Person) is not { } account) return Over();
        await UpstreamTicket.EndAsync(HttpContext);
        // Where everybody must have a second factor, this is where a newcomer sets theirs up.
        var page = await steps.GoOnAsync(HttpContext, account, ticket.ProvedAt(clock.GetUtcNow()), [UpstreamAccounts.Method]) == SignInStep.SetUpWanted ? Paths.SecondStepSetUp : null;
        return new SeeOther((page, ticket.ReturnUrl) switch
        {
            (null, var url) => url ?? Paths.Home,
            (_, null) => page,
            var (_, url) => QueryHelpers.AddQueryString(page, "returnUrl", url),
        });
    }

    static Shown Over() => new(new Fault(StatusCodes.Status400BadRequest, "This link has ended",
        "It was used before, is older than ten minutes, or was asked for in another browser. Sign in again to get a new one.", Home: Paths.SignIn));
}
