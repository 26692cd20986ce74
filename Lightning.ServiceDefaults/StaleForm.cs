using Microsoft.AspNetCore.Http;

namespace Lightning.ServiceDefaults;

/// <summary>
/// A posted form whose antiforgery token is no longer valid, because the user signed in or out in another tab or the
/// antiforgery cookie is gone. The page shows it again and executes nothing. A feature of the request.
/// </summary>
public sealed class StaleForm
{
    internal StaleForm(bool hasCookie) => HasCookie = hasCookie;

    /// <summary>Whether the browser sent an antiforgery cookie.</summary>
    public bool HasCookie { get; }

    /// <summary>What the page tells the user.</summary>
    public string Text =>
        "Nothing was changed: you signed in or out in another tab, or this page was open for a long time. "
        + (HasCookie ? "Check your input and try again." : "Try again; if that does not help, allow cookies.");

    /// <summary>The stale form that the request posts; null if it posts none.</summary>
    public static StaleForm? Of(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context.Features.Get<StaleForm>();
    }
}
