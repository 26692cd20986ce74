namespace Lightning.Identity.Sessions;

/// <summary>A browser in words that its owner recognises. It is a label and decides nothing: anybody can send any.</summary>
static class Device
{
    // In the order in which they are looked for: most browsers name others too.
    static readonly (string Token, string Name)[] Browsers =
    [
        ("Edg", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser", "Samsung Internet"), ("Firefox", "Firefox"), ("FxiOS", "Firefox"),
        ("CriOS", "Chrome"), ("Chrome", "Chrome"), ("Safari", "Safari"),
    ];

    static readonly (string Token, string Name)[] Systems =
    [
        ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS X", "macOS"), ("CrOS", "ChromeOS"), ("Linux", "Linux"),
    ];

    public static string Name(string? userAgent) => (Find(Browsers, userAgent), Find(Systems, userAgent)) switch
    {
        ({ } browser, { } system) => $"{browser} on {system}",
        ({ } browser, null) => browser,
        (null, { } system) => $"A browser on {system}",
        _ => "Unknown device",
    };

    static string? Find((string Token, string Name)[] known, string? userAgent) =>
        known.FirstOrDefault(candidate => userAgent?.Contains(candidate.Token, StringComparison.Ordinal) == true).Name;
}
