using System.Text.RegularExpressions;

namespace Aspire.Hosting.Running;

/// <summary>The escape sequences by which programs colour their output.</summary>
static partial class Colours
{
    public static string Strip(string text) => text.Contains('\u001b', StringComparison.Ordinal) ? Sequences().Replace(text, "") : text;

    [GeneratedRegex(@"\u001b(\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(\u0007|\u001b\\)|[@-Z\\-_])", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    public static partial Regex Sequences();
}
