using System.Net;
using Lightning.Testing;

namespace Lightning.Identity.Tests;

/// <summary>Errors as pages or JSON, HEAD, and the files that browsers ask every site for.</summary>
public class NegotiationTests(IdentityUnderTest identity) : IClassFixture<IdentityUnderTest>
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("GET", "/unknown", HttpStatusCode.NotFound)]
    [InlineData("DELETE", "/.well-known/openid-configuration", HttpStatusCode.MethodNotAllowed)]
    public async Task Error_is_a_page_for_browsers_and_JSON_for_programs(
        string method,
        string path,
        HttpStatusCode status
    )
    {
        using var client = identity.BackChannel();
        foreach (var accept in AcceptHeaders.Pages.Concat(AcceptHeaders.Data))
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), path);
            if (accept.Length > 0)
                request.Headers.TryAddWithoutValidation("Accept", accept);
            using var answer = await client.SendAsync(request, Cancellation);

            answer.StatusCode.ShouldBe(status, accept);
            answer.Content.Headers.ContentType!.MediaType.ShouldBe(
                AcceptHeaders.Pages.Contains(accept) ? "text/html" : "application/problem+json",
                $"{path} for {accept}"
            );
        }
    }

    [Fact]
    public async Task Favicon_robots_and_change_password_are_found()
    {
        using var client = identity.BackChannel();

        (await client.GetAsync("/favicon.ico", Cancellation)).Content.Headers.ContentType!.MediaType.ShouldBe(
            "image/x-icon"
        );
        (await client.GetStringAsync("/robots.txt", Cancellation)).ShouldBe("User-agent: *\nDisallow: /\n");
        using var change = await client.GetAsync("/.well-known/change-password", Cancellation);
        change.StatusCode.ShouldBe(HttpStatusCode.Redirect);
        change.Headers.Location!.ToString().ShouldBe("/account/change-password");
        // Password managers trust the redirect only if a path that cannot exist is not answered with 200.
        using var unknown = await client.GetAsync(
            "/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200",
            Cancellation
        );
        unknown.StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }
}

/// <summary>HEAD, over a socket: the server leaves the body out.</summary>
public class HeadTests(IdentityInChromium identity) : IClassFixture<IdentityInChromium>
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Head_answers_like_get_at_every_endpoint(bool isSignedIn)
    {
        var (_, visitor) = await identity.SignedInAsync(isSignedIn ? "ada" : "bob");
        var cookies = isSignedIn
            ? string.Join("; ", visitor.Browser.Cookies.Select(cookie => $"{cookie.Name}={cookie.Value}"))
            : "";
        using var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false })
        {
            BaseAddress = new Uri(identity.Origin),
        };

        var (differences, answered) = await HeadAndGet.CompareAsync(
            client,
            HeadAndGet.PathsOf(identity.Services),
            request =>
            {
                if (cookies.Length > 0)
                    request.Headers.Add("Cookie", cookies);
            }
        );

        differences.ShouldBeEmpty();
        answered.ShouldBeGreaterThan(30);
    }
}
