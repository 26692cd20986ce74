using System.Net;
using System.Text.RegularExpressions;
using Lightning.Testing;

namespace Lightning.Identity.Tests;

/// <summary>A person at a browser: reads pages, fills in their forms.</summary>
public sealed partial class Visitor(Browser browser)
{
    public Browser Browser => browser;

    public Task<HttpResponseMessage> GetAsync(string uri, params (string Name, string Value)[] headers) => browser.GetAsync(uri, headers);

    /// <summary>The text of a page.</summary>
    public async Task<string> ReadAsync(string uri)
    {
        using var response = await browser.GetAsync(uri);
        return await response.Content.ReadAsStringAsync();
    }

    /// <summary>Opens a page, fills in its form and posts it.</summary>
    public async Task<HttpResponseMessage> SubmitAsync(string page, params (string Name, string Value)[] fields)
    {
        var html = await ReadAsync(page);
        var form = Hidden().Matches(html).ToDictionary(field => field.Groups["name"].Value, field => WebUtility.HtmlDecode(field.Groups["value"].Value), StringComparer.Ordinal);
        foreach (var (name, value) in fields) form[name] = value;
        var action = Action().Match(html) is { Success: true } match ? match.Groups["action"].Value : page;
        return await browser.SendAsync(HttpMethod.Post, action, new FormUrlEncodedContent(form));
    }

    public Task<HttpResponseMessage> SignInAsync(string address, string password = IdentityUnderTest.Password, string page = "/account/sign-in") =>
        SubmitAsync(page, ("Email", address), ("Password", password));

    [GeneratedRegex("""<input (?=[^>]*type="hidden")(?=[^>]*name="(?<name>[^"]*)")(?=[^>]*value="(?<value>[^"]*)")[^>]*>""", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Hidden();

    [GeneratedRegex("""<form [^>]*action="(?<action>[^"]+)""", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Action();
}
