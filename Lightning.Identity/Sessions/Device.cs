namespace Lightning.Identity.Sessions;

/// <summary>
/// Describes a browser for display. The description is not trusted: a browser can send any user agent.
/// </summary>
static class Device
{
    // The order matters: most browsers also name others.
    static readonly (string Token, string Name)[] Browsers =
    [
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("SamsungBrowser", "Samsung Internet"),
        ("Firefox", "Firefox"),
        ("FxiOS", "Firefox"),
        ("CriOS", "Chrome"),
        ("Chrome", "Chrome"),
        ("Safari", "Safari"),
    ];

    static readonly (string Token, string Name)[] Systems =
    [
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ];

    public static string Describe(string? userAgent) =>
        (Find(Browsers, userAgent), Find(Systems, userAgent)) switch
        {
            ({ } browser, { } system) => $"{browser} on {system}",
            ({ } browser, null) => browser,
            (null, { } system) => $"A browser on {system}",
            _ => "Unknown device",
        };

    static string? Find((string Token, string Name)[] known, string? userAgent) =>
        known.FirstOrDefault(candidate => userAgent?.Contains(candidate.Token, StringComparison.Ordinal) == true).Name;
}
