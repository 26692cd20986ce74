using System.Text.RegularExpressions;
using Microsoft.Playwright;

namespace Lightning.EndToEnd;

/// <summary>
/// Waits for a page's URL by polling. Playwright's <c>WaitForURLAsync</c> can miss a navigation and ignores its
/// <c>WaitUntil</c> option (https://github.com/microsoft/playwright-dotnet/issues/3364 and /3365).
/// </summary>
static class PageNavigation
{
    /// <summary>
    /// Waits until the URL starts with <paramref name="address"/>, not followed by <paramref name="except"/>.
    /// </summary>
    public static Task WaitForUrlAsync(this IPage page, Uri address, string except = "")
    {
        var other = except.Length > 0 ? $"(?!{Regex.Escape(except)})" : "";
        return Assertions
            .Expect(page)
            .ToHaveURLAsync(
                new Regex($"^{Regex.Escape(address.ToString())}{other}", RegexOptions.None, TimeSpan.FromSeconds(1))
            );
    }

    /// <summary>Waits until the URL no longer contains <paramref name="path"/>.</summary>
    public static Task WaitToLeaveAsync(this IPage page, string path) =>
        Assertions
            .Expect(page)
            .Not.ToHaveURLAsync(new Regex(Regex.Escape(path), RegexOptions.None, TimeSpan.FromSeconds(1)));
}
