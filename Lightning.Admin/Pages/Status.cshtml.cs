using Lightning.Sessions.WebSessions;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Lightning.Admin.Pages;

/// <summary>What a person sees in place of a page that there is not.</summary>
[ResponseCache(Location = ResponseCacheLocation.None, NoStore = true)]
[IgnoreAntiforgeryToken]
public sealed class StatusModel : PageModel
{
    /// <summary>In a few words.</summary>
    public string Heading { get; private set; } = "";

    /// <summary>In a sentence.</summary>
    public string Text { get; private set; } = "";

    /// <summary>Whether the person may not be here.</summary>
    public bool IsRefused { get; private set; }

    /// <summary>Explains a status.</summary>
    public void OnGet(int status) => Explain(status);

    /// <summary>Explains the status of a form that was sent.</summary>
    public void OnPost(int status) => Explain(status);

    void Explain(int status) => (Heading, Text, IsRefused) = HttpContext.Features.Get<StatusText>() is { } said ? (said.Heading, said.Text, false) : status switch
    {
        StatusCodes.Status403Forbidden when HttpContext.LiveSession()?.User.IsAdmin == true =>
            ("That is not possible", "The rules do not allow it to anybody, or not to you, or there is nothing to do any more. Nothing was changed.", false),
        StatusCodes.Status403Forbidden => ("For administrators only", "Your account has no right to be here. An administrator can give it.", true),
        StatusCodes.Status404NotFound => ("There is no such page", "It may have been removed, or the address is mistyped.", false),
        StatusCodes.Status400BadRequest => ("That request cannot be read", "Go back, load the page again, and try once more.", false),
        _ => ("Something went wrong", "Nothing was changed. Try again in a few seconds.", false),
    };
}
