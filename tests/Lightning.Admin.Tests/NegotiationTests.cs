using System.Net;
using Lightning.Testing;

namespace Lightning.Admin.Tests;

/// <summary>Errors as pages or JSON, HEAD, and the files that browsers ask every site for.</summary>
public class NegotiationTests(AdminUnderTest admin) : IClassFixture<AdminUnderTest>
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("GET", "/nothing", HttpStatusCode.NotFound)]
    [InlineData("GET", "/accounts/0198c0de-7a11-7000-8000-00000000c0de", HttpStatusCode.NotFound)]
    [InlineData("GET", "/login?returnUrl=https://evil.example", HttpStatusCode.BadRequest)]
    [InlineData("GET", "/signin-oidc?state=unknown&code=x", HttpStatusCode.BadRequest)]
    public async Task Error_is_a_page_for_browsers_and_JSON_for_programs(
        string method,
        string path,
        HttpStatusCode status
    )
    {
        var (_, _, browser) = await admin.SignInAsync(isAdmin: true);
        foreach (var accept in AcceptHeaders.Pages.Concat(AcceptHeaders.Data))
        {
            (string, string)[] headers = accept.Length > 0 ? [("Accept", accept)] : [];
            using var answer = await browser.SendAsync(new HttpMethod(method), path, null, headers);

            answer.StatusCode.ShouldBe(status, accept);
            answer.Content.Headers.ContentType!.MediaType.ShouldBe(
                AcceptHeaders.Pages.Contains(accept) ? "text/html" : "application/problem+json",
                $"{path} for {accept}"
            );
        }
        browser.Dispose();
    }

    [Fact]
    public async Task Form_sent_without_a_session_leads_a_browser_to_sign_in()
    {
        using var browser = admin.NewBrowser();
        foreach (var accept in AcceptHeaders.Pages.Concat(AcceptHeaders.Data))
        {
            using var form = new FormUrlEncodedContent([]);
            (string, string)[] headers = accept.Length > 0 ? [("Accept", accept)] : [];
            using var answer = await browser.SendAsync(HttpMethod.Post, "/notes/-/new", form, headers);

            if (AcceptHeaders.Pages.Contains(accept))
            {
                answer.StatusCode.ShouldBe(HttpStatusCode.SeeOther, accept);
                answer.Headers.Location!.ToString().ShouldStartWith("/login?returnUrl=", customMessage: accept);
                continue;
            }
            answer.StatusCode.ShouldBe(HttpStatusCode.Unauthorized, accept);
            answer.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json", accept);
        }
    }

    [Fact]
    public async Task Form_over_the_limit_is_413_with_the_limit_as_a_page_or_JSON()
    {
        var (_, _, browser) = await admin.SignInAsync(isAdmin: true);
        var large = new string('x', 3 * 1024 * 1024);
        foreach (var accept in AcceptHeaders.Pages.Concat(AcceptHeaders.Data))
        {
            using var form = new MultipartFormDataContent { { new StringContent(large), "file", "notes.csv" } };
            (string, string)[] headers = accept.Length > 0 ? [("Accept", accept)] : [];
            using var answer = await browser.SendAsync(HttpMethod.Post, "/notes/-/import", form, headers);

            answer.StatusCode.ShouldBe(HttpStatusCode.RequestEntityTooLarge, accept);
            answer.Content.Headers.ContentType!.MediaType.ShouldBe(
                AcceptHeaders.Pages.Contains(accept) ? "text/html" : "application/problem+json",
                accept
            );
            var text = await answer.Content.ReadAsStringAsync(Cancellation);
            text.ShouldContain("1,000 rows and 2 MB", customMessage: accept);
        }
        browser.Dispose();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Head_answers_like_get_at_every_endpoint(bool isSignedIn)
    {
        var (_, _, browser) = await admin.SignInAsync(isAdmin: true);
        using var client = admin.NewClient();

        var (differences, answered) = await HeadAndGet.CompareAsync(
            client,
            HeadAndGet.PathsOf(admin.Services),
            request =>
            {
                if (isSignedIn)
                    request.Headers.Add(
                        "Cookie",
                        $"{AdminUnderTest.SessionCookie}={browser.Cookie(AdminUnderTest.SessionCookie)}"
                    );
            },
            isOnSocket: false
        );

        differences.ShouldBeEmpty();
        answered.ShouldBeGreaterThan(10);
        browser.Dispose();
    }

    [Fact]
    public async Task Favicon_and_robots_are_found_without_a_session()
    {
        using var client = admin.NewClient();

        (await client.GetAsync("/favicon.ico", Cancellation)).Content.Headers.ContentType!.MediaType.ShouldBe(
            "image/x-icon"
        );
        (await client.GetStringAsync("/robots.txt", Cancellation)).ShouldBe("User-agent: *\nDisallow: /\n");
    }
}
