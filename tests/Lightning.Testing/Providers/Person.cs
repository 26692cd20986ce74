using System.Net;
using System.Text.RegularExpressions;

namespace Lightning.Testing;

/// <summary>A page that does not redirect.</summary>
public sealed record Page(Uri Address, HttpStatusCode Status, string Html)
{
    /// <summary>
    /// The fields of the page's first form, or of the first that contains a text, without the user's input.
    /// </summary>
    public (Uri Action, Dictionary<string, string> Fields) Form(string within = "")
    {
        var form =
            Regex
                .Matches(
                    Html,
                    "<form(?<attributes>[^>]*)>(?<inside>.*?)</form>",
                    RegexOptions.Singleline,
                    TimeSpan.FromSeconds(1)
                )
                .FirstOrDefault(form => form.Value.Contains(within, StringComparison.Ordinal))
            ?? throw new InvalidOperationException($"There is no such form at {Address}: {Html}");
        var action = Regex.Match(
            form.Groups["attributes"].Value,
            "action=\"(?<action>[^\"]*)\"",
            RegexOptions.None,
            TimeSpan.FromSeconds(1)
        );
        var fields = Regex
            .Matches(
                form.Groups["inside"].Value,
                "<input (?=[^>]*type=\"hidden\")(?=[^>]*name=\"(?<name>[^\"]*)\")"
                    + "(?=[^>]*value=\"(?<value>[^\"]*)\")[^>]*>",
                RegexOptions.None,
                TimeSpan.FromSeconds(1)
            )
            .ToDictionary(
                field => field.Groups["name"].Value,
                field => WebUtility.HtmlDecode(field.Groups["value"].Value),
                StringComparer.Ordinal
            );
        return (
            action.Success ? new Uri(Address, WebUtility.HtmlDecode(action.Groups["action"].Value)) : Address,
            fields
        );
    }
}

/// <summary>
/// A user with a browser that follows redirects, with a cookie jar per application; ports separate jars like hosts do.
/// </summary>
public sealed class Person : IDisposable
{
    readonly HttpClient client = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false });
    readonly Dictionary<int, CookieContainer> jars = [];

    /// <summary>Opens an address and follows redirects and landing pages.</summary>
    public Task<Page> OpenAsync(string address) => FollowAsync(new Uri(address), null);

    /// <summary>Fills in and submits the page's first form.</summary>
    public Task<Page> SubmitAsync(Page page, params (string Name, string Value)[] typed) =>
        SubmitFormAsync(page, "", typed);

    /// <summary>Fills in and submits the form that contains a text.</summary>
    public Task<Page> SubmitFormAsync(Page page, string within, params (string Name, string Value)[] typed)
    {
        var (action, fields) = page.Form(within);
        foreach (var (name, value) in typed)
            fields[name] = value;
        return FollowAsync(action, fields);
    }

    /// <summary>A cookie of an application.</summary>
    public string? Cookie(Uri application, string name) =>
        jars.TryGetValue(application.Port, out var jar)
            ? jar.GetCookies(new UriBuilder(application) { Scheme = "https" }.Uri)[name]?.Value
            : null;

    /// <summary>Sends an API request like the front end.</summary>
    public async Task<HttpResponseMessage> FetchAsync(HttpMethod method, string address, HttpContent? content = null)
    {
        using var request = new HttpRequestMessage(method, address)
        {
            Content = content,
            Headers = { { "X-CSRF", "1" } },
        };
        return await SendAsync(request);
    }

    async Task<Page> FollowAsync(Uri address, Dictionary<string, string>? form)
    {
        for (var hop = 0; hop < 15; hop++)
        {
            using var request = new HttpRequestMessage(form is null ? HttpMethod.Get : HttpMethod.Post, address);
            request.Headers.TryAddWithoutValidation("Accept", "text/html");
            if (form is not null)
                request.Content = new FormUrlEncodedContent(form);
            using var response = await SendAsync(request);
            form = null;
            if (response.Headers.Location is { } location)
                address = new Uri(address, location);
            else if (response.Headers.TryGetValues("Refresh", out var refresh))
                address = new Uri(address, refresh.Single().Split("url=", 2)[1]);
            else
                return new Page(address, response.StatusCode, await response.Content.ReadAsStringAsync());
        }
        throw new InvalidOperationException(
            $"Too many redirects; the last went to {address.GetLeftPart(UriPartial.Path)}"
        );
    }

    async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request)
    {
        var address = request.RequestUri!;
        if (!jars.TryGetValue(address.Port, out var jar))
            jar = jars[address.Port] = new CookieContainer();
        // A cookie marked Secure is kept and sent on loopback http too, as browsers do; the container knows https only.
        var secure = new UriBuilder(address) { Scheme = "https" }.Uri;
        if (jar.GetCookieHeader(secure) is { Length: > 0 } cookies)
            request.Headers.TryAddWithoutValidation("Cookie", cookies);
        var response = await client.SendAsync(request);
        if (response.Headers.TryGetValues("Set-Cookie", out var set))
            foreach (var cookie in set)
                jar.SetCookies(secure, cookie);
        return response;
    }

    public void Dispose() => client.Dispose();
}
