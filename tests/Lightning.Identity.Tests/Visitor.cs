using System.Net;
using System.Text.RegularExpressions;
using Lightning.Testing;

namespace Lightning.Identity.Tests;

/// <summary>A user in a browser without scripts: opens pages and submits forms.</summary>
public sealed partial class Visitor(Browser browser)
{
    public Browser Browser => browser;

    public Task<HttpResponseMessage> GetAsync(string uri, params (string Name, string Value)[] headers) =>
        browser.GetAsync(uri, headers);

    /// <summary>The text of a page.</summary>
    public async Task<string> ReadAsync(string uri)
    {
        using var response = await browser.GetAsync(uri);
        return await response.Content.ReadAsStringAsync();
    }

    /// <summary>Opens a page, fills in its first form and posts it.</summary>
    public Task<HttpResponseMessage> SubmitAsync(string page, params (string Name, string Value)[] fields) =>
        SubmitFormAsync(page, "", fields);

    /// <summary>Opens a page and posts to any URL with the page's antiforgery token.</summary>
    public async Task<HttpResponseMessage> SubmitToAsync(
        string page,
        string action,
        params (string Name, string Value)[] fields
    )
    {
        var token = Input()
            .Matches(await ReadAsync(page))
            .Select(match => match.Value)
            .First(input => input.Contains("__RequestVerificationToken", StringComparison.Ordinal));
        var form = fields
            .Append(("__RequestVerificationToken", Value().Match(token).Groups["text"].Value))
            .Select(field => KeyValuePair.Create(field.Item1, field.Item2));
        return await browser.SendAsync(HttpMethod.Post, action, new FormUrlEncodedContent(form));
    }

    /// <summary>
    /// Opens a page, fills in the first form that contains a text, and posts it.
    /// </summary>
    public async Task<HttpResponseMessage> SubmitFormAsync(
        string page,
        string holding,
        params (string Name, string Value)[] fields
    )
    {
        return await PostAsync(await OpenFormAsync(page, holding, fields));
    }

    /// <summary>Opens a page and fills in the first form that contains a text.</summary>
    public async Task<FilledForm> OpenFormAsync(
        string page,
        string holding = "",
        params (string Name, string Value)[] fields
    ) => Fill(await ReadAsync(page), page, holding, fields);

    /// <summary>Posts a form, with headers that browsers send.</summary>
    public Task<HttpResponseMessage> PostAsync(FilledForm form, params (string Name, string Value)[] headers) =>
        browser.SendAsync(
            HttpMethod.Post,
            form.Action,
            new FormUrlEncodedContent(form.Fields.Select(field => KeyValuePair.Create(field.Name, field.Value))),
            headers
        );

    /// <summary>Fills in the first form of a page that contains a text.</summary>
    public static FilledForm Fill(
        string html,
        string page,
        string holding = "",
        params (string Name, string Value)[] fields
    )
    {
        var form =
            Form()
                .Matches(html)
                .Select(match => match.Value)
                .FirstOrDefault(form => form.Contains(holding, StringComparison.Ordinal))
            ?? "";
        var typed = fields.Select(field => field.Name).ToHashSet(StringComparer.Ordinal);
        var sent = Input()
            .Matches(form)
            .Select(match => match.Value)
            .Where(input =>
                input.Contains("type=\"hidden\"", StringComparison.Ordinal)
                || input.Contains(" checked", StringComparison.Ordinal)
            )
            .Select(input =>
                (
                    Name: Name().Match(input).Groups["text"].Value,
                    Value: WebUtility.HtmlDecode(Value().Match(input).Groups["text"].Value)
                )
            )
            .Where(field => !typed.Contains(field.Name))
            .Concat(fields);
        var action = Action().Match(form) is { Success: true } match
            ? WebUtility.HtmlDecode(match.Groups["action"].Value)
            : page;
        return new FilledForm(action, [.. sent]);
    }

    /// <summary>The forms of a page that are posted.</summary>
    public static string[] Forms(string html) =>
        [
            .. Form()
                .Matches(html)
                .Select(match => match.Value)
                .Where(form => form.Contains("method=\"post\"", StringComparison.Ordinal)),
        ];

    public Task<HttpResponseMessage> SignInAsync(
        string address,
        string password = IdentityUnderTest.Password,
        string page = "/account/sign-in"
    ) => SubmitAsync(page, ("Email", address), ("Password", password));

    /// <summary>A form of a page with its values.</summary>
    /// <param name="Action">The URL that it is posted to.</param>
    /// <param name="Fields">The values.</param>
    public sealed record FilledForm(string Action, (string Name, string Value)[] Fields);

    [GeneratedRegex("<form .*?</form>", RegexOptions.Singleline, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Form();

    [GeneratedRegex("<input [^>]*>", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Input();

    [GeneratedRegex(""" name="(?<text>[^"]*)""", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Name();

    [GeneratedRegex(""" value="(?<text>[^"]*)""", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Value();

    [GeneratedRegex(
        """<form [^>]*action="(?<action>[^"]+)""",
        RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000
    )]
    private static partial Regex Action();
}
