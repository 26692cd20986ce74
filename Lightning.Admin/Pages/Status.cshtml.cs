using Lightning.Admin.Engine;
using Lightning.Sessions.Cookies.WebSessions;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Lightning.Admin.Pages;

/// <summary>The error page for a status code.</summary>
[ResponseCache(Location = ResponseCacheLocation.None, NoStore = true)]
[IgnoreAntiforgeryToken]
public sealed class StatusModel : PageModel
{
    /// <summary>The heading.</summary>
    public string Heading { get; private set; } = "";

    /// <summary>The explanation.</summary>
    public string Text { get; private set; } = "";

    /// <summary>Whether the user is not an administrator.</summary>
    public bool IsRefused { get; private set; }

    /// <summary>Explains a status.</summary>
    public void OnGet(int status) => Explain(status);

    /// <summary>Explains the status of a form that was sent.</summary>
    public void OnPost(int status) => Explain(status);

    void Explain(int status) =>
        (Heading, Text, IsRefused) = HttpContext.Features.Get<StatusText>() is { } said
            ? (said.Heading, said.Text, false)
            : status switch
            {
                StatusCodes.Status403Forbidden when HttpContext.LiveSession()?.User.IsAdmin == true => (
                    "Not allowed",
                    "You are not allowed to do this, or it is no longer possible. " + "Nothing was changed.",
                    false
                ),
                StatusCodes.Status403Forbidden => (
                    "For administrators only",
                    "Your account is not an administrator. An administrator can change that.",
                    true
                ),
                StatusCodes.Status404NotFound => (
                    "Page not found",
                    "It may have been deleted, or the address is wrong.",
                    false
                ),
                StatusCodes.Status400BadRequest => (
                    "Invalid request",
                    "Go back, reload the page and try again.",
                    false
                ),
                StatusCodes.Status413PayloadTooLarge => ("Too large", "Nothing was saved. Send less at once.", false),
                _ => ("Something went wrong", "Nothing was changed. Try again in a few seconds.", false),
            };
}
