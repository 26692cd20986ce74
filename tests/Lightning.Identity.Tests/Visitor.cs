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

    /// <summary>Opens a page, fills in its first form and posts it.</summary>
    public async Task<HttpResponseMessage> SubmitAsync(string page, params (string Name, string Value)[] fields)
    {
        var html = (await ReadAsync(page)).Split("</form>")[0];
        var form = Hidden().Matches(html).ToDictionary(field => field.Groups["name"].Value, field => WebUtility.HtmlDecode(field.Groups["value"].Value), StringComparer.Ordinal);
        foreach (var (name, value) in fields) form[name] = value;
        var action = FirstForm().Match(html).Groups["action"] is { Success: true } match ? WebUtility.HtmlDecode(match.Value) : page;
        return await browser.SendAsync(HttpMethod.Post, action, new FormUrlEncodedContent(form));
    }

    /// <summary>Opens a page and posts to an address of one's choice, with the page's antiforgery token.</summary>
    public async Task<HttpResponseMessage> SubmitToAsync(string page, string action, params (string Name, string Value)[] fields)
    {
        var html = await ReadAsync(page);
        var form = fields.ToDictionary(field => field.Name, field => field.Value, StringComparer.Ordinal);
        form["__RequestVerificationToken"] = Hidden().Matches(html).First(field => field.Groups["name"].Value == "__RequestVerificationToken").Groups["value"].Value;
        return await browser.SendAsync(HttpMethod.Post, action, new FormUrlEncodedContent(form));
    }

    public Task<HttpResponseMessage> SignInAsync(string address, string password = IdentityUnderTest.Password, string page = "/account/sign-in") =>
        SubmitAsync(page, ("Email", address), ("Password", password));

    [GeneratedRegex("""<input (?=[^>]*type="hidden")(?=[^>]*name="(?<name>[^"]*)")(?=[^>]*value="(?<value>[^"]*)")[^>]*>""", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Hidden();

    [GeneratedRegex("""<form (?:(?=[^>]*action="(?<action>[^"]+)"))?""", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex FirstForm();
}
