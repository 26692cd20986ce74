using System.Text.Json;

namespace Lightning.Bff;

/// <summary>
/// The paths of the front end's pages. They are the patterns of <c>Lightning.Web/src/routes.json</c>, which the front
/// end's router uses too.
/// </summary>
static class FrontEndRoutes
{
    static readonly string[][] Patterns = Read();

    /// <summary>Whether the front end has a page at the path, with or without a slash at its end.</summary>
    public static bool Contains(PathString path)
    {
        var text = path.Value ?? "";
        if (text.Length > 1 && text.EndsWith('/'))
            text = text[..^1];
        var segments = text.Split('/');
        return Array.Exists(Patterns, pattern => Matches(pattern, segments));
    }

    static bool Matches(string[] pattern, string[] segments) =>
        pattern.Length == segments.Length
        && pattern
            .Zip(segments)
            .All(pair =>
                pair.First.StartsWith('{')
                    ? pair.Second.Length > 0
                    : string.Equals(pair.First, pair.Second, StringComparison.Ordinal)
            );

    static string[][] Read()
    {
        using var stream = typeof(FrontEndRoutes).Assembly.GetManifestResourceStream("routes.json")!;
        return [.. JsonSerializer.Deserialize<string[]>(stream)!.Select(pattern => pattern.Split('/'))];
    }
}
