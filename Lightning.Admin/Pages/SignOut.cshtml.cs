using Lightning.Sessions.Cookies.Provider;
using Lightning.Sessions.Cookies.RelyingParties;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Lightning.Admin.Pages;

/// <summary>Ends the session on all sites, then redirects to the provider to sign out there.</summary>
public sealed class SignOutModel(SignOut signOut) : PageModel
{
    /// <summary>Signing out needs a POST.</summary>
    public IActionResult OnGet() => Redirect("/");

    /// <summary>Asks again if the antiforgery token is no longer valid.</summary>
    public async Task<IActionResult> OnPostStaleAsync() =>
        (await HttpContext.AuthenticateAsync(Schemes.Session)).Succeeded ? Page() : Redirect("/");

    /// <summary>Ends the session.</summary>
    public async Task<IActionResult> OnPostAsync()
    {
        await HttpContext.AuthenticateAsync(Schemes.Session);
        Response.StatusCode = StatusCodes.Status303SeeOther;
        Response.Headers.Location = await signOut.EndAsync(HttpContext);
        return new EmptyResult();
    }
}
