using Lightning.Sessions.RelyingParties;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Lightning.Admin.Pages;

/// <summary>Ends the session everywhere, then lets the provider take its own cookie away.</summary>
public sealed class SignOutModel(SignOut signOut) : PageModel
{
    /// <summary>Only a form of this site signs out.</summary>
    public IActionResult OnGet() => Redirect("/");

    /// <summary>Ends the session.</summary>
    public async Task<IActionResult> OnPostAsync()
    {
        await HttpContext.AuthenticateAsync(Schemes.Session);
        Response.StatusCode = StatusCodes.Status303SeeOther;
        Response.Headers.Location = await signOut.EndAsync(HttpContext);
        return new EmptyResult();
    }
}
