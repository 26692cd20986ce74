using System.Net;

namespace Lightning.Testing;

/// <summary>
/// A browser: a cookie jar for one application; it follows redirects only when the test says so.
/// </summary>
public sealed class Browser : IDisposable
{
    readonly CookieContainer _cookies = new();
    readonly HttpClient _client;
    readonly HttpClient _outside = new(new HttpClientHandler { AllowAutoRedirect = false, UseCookies = false });
    readonly Uri _jar;

    /// <param name="application">The handler that sends to the application.</param>
    /// <param name="address">The application's address.</param>
    public Browser(HttpMessageHandler application, Uri address)
    {
        Address = address;
        // A cookie marked Secure is kept and sent on loopback http too, as browsers do; the container knows https only.
        _jar = new UriBuilder(address) { Scheme = "https" }.Uri;
        _client = new HttpClient(application) { BaseAddress = address };
    }

    public Uri Address { get; }

    public IEnumerable<Cookie> Cookies => _cookies.GetAllCookies().Where(cookie => !cookie.Expired);

    public string? Cookie(string name) => _cookies.GetCookies(_jar)[name]?.Value;

    public void SetCookie(string name, string value) =>
        _cookies.Add(_jar, new Cookie(name, value, "/") { Secure = true });

    public Task<HttpResponseMessage> GetAsync(string uri, params (string Name, string Value)[] headers) =>
        SendAsync(HttpMethod.Get, uri, null, headers);

    /// <summary>Sends an API request like the front end.</summary>
    public Task<HttpResponseMessage> FetchAsync(
        HttpMethod method,
        string uri,
        params (string Name, string Value)[] headers
    ) => SendAsync(method, uri, null, [("X-CSRF", "1"), .. headers]);

    public async Task<HttpResponseMessage> SendAsync(
        HttpMethod method,
        string uri,
        HttpContent? content,
        params (string Name, string Value)[] headers
    )
    {
        var target = new Uri(Address, uri);
        if (target.Authority != Address.Authority)
            return await _outside.GetAsync(target);

        using var request = new HttpRequestMessage(method, target) { Content = content };
        var jar = new UriBuilder(target) { Scheme = "https" }.Uri;
        if (_cookies.GetCookieHeader(jar) is { Length: > 0 } header)
            request.Headers.TryAddWithoutValidation("Cookie", header);
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        var response = await _client.SendAsync(request);
        if (response.Headers.TryGetValues("Set-Cookie", out var cookies))
            foreach (var cookie in cookies)
                _cookies.SetCookies(jar, cookie);
        return response;
    }

    /// <summary>
    /// Follows redirects and refreshes to the first page without either.
    /// </summary>
    public async Task<HttpResponseMessage> FollowAsync(string uri)
    {
        for (var hop = 0; hop < 10; hop++)
        {
            var response = await GetAsync(uri);
            if (response.Headers.Location is { } location)
                uri = new Uri(new Uri(Address, uri), location).ToString();
            else if (response.Headers.TryGetValues("Refresh", out var refresh))
                uri = refresh.Single().Split("url=", 2)[1];
            else
                return response;
            response.Dispose();
        }
        throw new InvalidOperationException($"Too many redirects; the last went to {uri}");
    }

    public void Dispose()
    {
        _client.Dispose();
        _outside.Dispose();
    }
}
