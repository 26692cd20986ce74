using Lightning.Identity.Clients;
using Lightning.Identity.Endpoints;
using Lightning.Identity.Requests;
using Lightning.Identity.Sessions;
using Lightning.Identity.SignIn;
using Lightning.Identity.Tokens;
using Lightning.Identity.Web;
using Lightning.ServiceDefaults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Lightning.Identity.Pages.Account;

/// <summary>Asks for confirmation if the logout request does not prove that the app means this session.</summary>
sealed class SignOutModel(BrowserSessions browser, ClientRegistry clients, TokenFactory tokens) : PageModel
{
    public string Name { get; private set; } = "";

    /// <summary>The parameters of the logout request, which the form repeats.</summary>
    public IReadOnlyDictionary<string, string?> LogoutParameters { get; private set; } =
        new Dictionary<string, string?>(StringComparer.Ordinal);

    /// <summary>Where the user goes if they stay signed in; null for the start page.</summary>
    public string? Stay { get; private set; }

    public async Task<IActionResult> OnGetAsync(CancellationToken cancellationToken)
    {
        var parameters = StaleForm.Of(HttpContext) is null
            ? Parameters.FromQuery(Request)
            : await Parameters.FromFormAsync(Request);
        if (parameters is null)
            return BadRequest();
        var request = await EndSessionEndpoint.ReadAsync(parameters, clients, tokens, cancellationToken);
        if (HttpContext.BrowserSession() is not { } session)
            return new SeeOther(DestinationOf(request));
        Name = session.Name;
        LogoutParameters = request.QueryParameters;
        Stay = request.Client?.Home;
        return Page();
    }

    public async Task<IActionResult> OnPostAsync(CancellationToken cancellationToken)
    {
        if (await Parameters.FromFormAsync(Request) is not { } parameters)
            return BadRequest();
        var request = await EndSessionEndpoint.ReadAsync(parameters, clients, tokens, cancellationToken);
        await browser.SignOutAsync(HttpContext);
        return new SeeOther(DestinationOf(request));
    }

    static string DestinationOf(LogoutRequest request) =>
        EndSessionEndpoint.IsInvalid(request) ? Paths.SignedOut : request.Destination;
}
