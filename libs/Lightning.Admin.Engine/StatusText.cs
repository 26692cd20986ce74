using Microsoft.AspNetCore.Diagnostics;

namespace Lightning.Admin.Engine;

/// <summary>
/// A specific explanation for the application's error page, used instead of the generic text of the status code; a
/// feature of the request.
/// </summary>
/// <param name="Heading">The heading.</param>
/// <param name="Text">One or two sentences that say what to do.</param>
public sealed record StatusText(string Heading, string Text)
{
    /// <summary>
    /// Whether this client gets the application's error page. The application decides; other clients get problem
    /// details.
    /// </summary>
    internal static bool IsShownTo(HttpContext context) =>
        context.Features.Get<IStatusCodePagesFeature>() is { Enabled: true };
}
