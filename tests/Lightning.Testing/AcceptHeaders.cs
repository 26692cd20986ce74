namespace Lightning.Testing;

/// <summary>The Accept headers that clients send.</summary>
public static class AcceptHeaders
{
    /// <summary>Those of browsers that load a page.</summary>
    public static IReadOnlyList<string> Pages { get; } =
    [
        // Chrome and Edge
        "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,"
            + "application/signed-exchange;v=b3;q=0.7",
        // Firefox, since 132 and before
        "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
        // Safari
        "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        "text/html",
        "text/html, application/json;q=0.9",
        "application/json;q=0.5, text/*",
    ];

    /// <summary>Those of scripts and programs; empty for none.</summary>
    public static IReadOnlyList<string> Data { get; } =
    [
        "",
        // curl and fetch
        "*/*",
        "application/json",
        "application/problem+json",
        "application/json, text/plain, */*",
        "application/json, text/html;q=0.9",
        "text/html;q=0.5, */*;q=0.8",
        "text/html;q=0, */*",
        "application/*",
    ];
}
