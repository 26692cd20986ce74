using System.Text.RegularExpressions;
using Microsoft.Playwright;

namespace Lightning.EndToEnd;

/// <summary>
/// Where a page has come to. The page is asked for its address until it is the right one: Playwright's <c>WaitForURLAsync</c> looks first and listens then, so that it waits in vain for
/// what happens in between, and where the address is right already it waits for <c>load</c>, whatever it was told to wait for
/// (https://github.com/microsoft/playwright-dotnet/issues/3364 and /3365).
/// </summary>
static class Arrivals
{
    /// <summary>Waits until the page is at an address that begins so.</summary>
    public static Task ComesToAsync(this IPage page, Uri address, string besides = "")
    {
        var other = besides.Length > 0 ? $"(?!{Regex.Escape(besides)})" : "";
        return Assertions.Expect(page).ToHaveURLAsync(new Regex($"^{Regex.Escape(address.ToString())}{other}", RegexOptions.None, TimeSpan.FromSeconds(1)));
    }

    /// <summary>Waits until the page is none of these any more.</summary>
    public static Task LeavesAsync(this IPage page, string path) =>
        Assertions.Expect(page).Not.ToHaveURLAsync(new Regex(Regex.Escape(path), RegexOptions.None, TimeSpan.FromSeconds(1)));
}
