using Lightning.Identity.Clients;
using Lightning.Identity.Protocol;
using Lightning.Identity.Sessions;
using Lightning.Identity.Tokens;
using Lightning.Identity.Web;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Lightning.Identity.Pages.Account;

/// <summary>Asks whether to sign out, where an app could not show that it means this session.</summary>
sealed class SignOutModel(BrowserSessions browser, ClientRegistry clients, TokenFactory tokens) : PageModel
{
    public string Name { get; private set; } = "";

    /// <summary>The app's request, to be read again with the answer.</summary>
    public IReadOnlyDictionary<string, string?> Kept { get; private set; } = new Dictionary<string, string?>(StringComparer.Ordinal);

    /// <summary>Where the person goes who stays.</summary>
    public string? Stay { get; private set; }

    public async Task<IActionResult> OnGetAsync(CancellationToken cancellationToken)
    {
        if (HttpContext.BrowserSession() is not { } session) return new SeeOther(Paths.SignedOut);
        var request = await EndSessionEndpoint.ReadAsync(Parameters.OfQuery(Request), clients, tokens, cancellationToken);
        (Name, Kept, Stay) = (session.Name, request.Kept, request.Client?.Home);
        return Page();
    }

    public async Task<IActionResult> OnPostAsync(CancellationToken cancellationToken)
    {
        if (await Parameters.OfFormAsync(Request) is not { } parameters) return BadRequest();
        var request = await EndSessionEndpoint.ReadAsync(parameters, clients, tokens, cancellationToken);
        await browser.SignOutAsync(HttpContext);
        return new SeeOther(EndSessionEndpoint.IsFaulty(request) ? Paths.SignedOut : request.Destination);
    }
}
