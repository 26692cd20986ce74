using System.Net;
using Lightning.Testing;
using Microsoft.AspNetCore.Hosting;

namespace Lightning.Bff.Tests;

/// <summary>Errors as pages or JSON, and HEAD.</summary>
public sealed class NegotiationTests(PostgresServer server) : IAsyncLifetime
{
    readonly BffUnderTest bff = new(server);

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => bff.InitializeAsync();

    public ValueTask DisposeAsync() => bff.DisposeAsync();

    [Theory]
    [InlineData("/bff/unknown", HttpStatusCode.NotFound)]
    [InlineData("/bff/user", HttpStatusCode.Unauthorized)]
    [InlineData("/api/v1/notes", HttpStatusCode.Unauthorized)]
    [InlineData("/bff/login?returnUrl=https://evil.example", HttpStatusCode.BadRequest)]
    [InlineData("/bff/signin-oidc?state=unknown&code=x", HttpStatusCode.BadRequest)]
    [InlineData("/assets/missing.js", HttpStatusCode.NotFound)]
    public async Task Error_is_a_page_for_browsers_and_JSON_for_programs(string path, HttpStatusCode status)
    {
        using var browser = bff.NewBrowser();
        foreach (var accept in AcceptHeaders.Pages.Concat(AcceptHeaders.Data))
        {
            (string, string)[] headers = accept.Length > 0 ? [("Accept", accept)] : [];
            using var answer = await browser.FetchAsync(HttpMethod.Get, path, headers);

            answer.StatusCode.ShouldBe(status, accept);
            answer.Content.Headers.ContentType!.MediaType.ShouldBe(
                AcceptHeaders.Pages.Contains(accept) ? "text/html" : "application/problem+json",
                $"{path} for {accept}"
            );
        }
    }

    [Fact]
    public async Task Cross_site_request_of_a_browser_gets_a_page()
    {
        using var browser = bff.NewBrowser();

        using var answer = await browser.GetAsync("/api/v1/notes", ("Accept", AcceptHeaders.Pages[0]));

        answer.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await answer.Content.ReadAsStringAsync(Cancellation)).ShouldContain("<h1>");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Head_answers_like_get_at_every_endpoint(bool isSignedIn)
    {
        using var ada = await bff.SignInAsync();
        using var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false })
        {
            BaseAddress = bff.Address,
        };
        var cookie = $"{BffUnderTest.SessionCookie}={ada.Browser.Cookie(BffUnderTest.SessionCookie)}";

        var (differences, answered) = await HeadAndGet.CompareAsync(
            client,
            HeadAndGet.PathsOf(bff.ServicesOf(bff.Address)),
            request =>
            {
                request.Headers.Add("X-CSRF", "1");
                if (isSignedIn)
                    request.Headers.Add("Cookie", cookie);
            }
        );

        differences.ShouldBeEmpty();
        answered.ShouldBeGreaterThan(8);
        if (isSignedIn)
            bff.Api.Requests.Select(request => request.Method).ShouldBe(["GET", "HEAD"]);
    }

    [Fact]
    public async Task Head_of_a_stream_does_not_keep_it_open()
    {
        using var ada = await bff.SignInAsync();

        // More than a session may have open.
        for (var i = 0; i < 30; i++)
        {
            using var head = await ada.Browser.FetchAsync(HttpMethod.Head, "/bff/watch");
            head.StatusCode.ShouldBe(HttpStatusCode.OK);
            head.Content.Headers.ContentType!.MediaType.ShouldBe("text/event-stream");
        }

        (await ada.StatusOfAsync()).ShouldBe(HttpStatusCode.OK);
    }
}
