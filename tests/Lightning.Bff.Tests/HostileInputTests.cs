using System.Net;
using System.Net.Http.Headers;

namespace Lightning.Bff.Tests;

/// <summary>Malformed requests are client errors, never server errors.</summary>
public class HostileInputTests(BffUnderTest bff) : IClassFixture<BffUnderTest>
{
    /// <summary>The length of a valid cookie value.</summary>
    const int Length = 43;

    [Theory]
    [InlineData('!')]
    [InlineData('=')]
    [InlineData('+')]
    [Trait("Check", "B08")]
    public async Task Cookie_NotBase64Url_IsNoSession(char letter)
    {
        var cookie = ("Cookie", $"{BffUnderTest.SessionCookie}={new string(letter, Length)}");
        using var browser = bff.NewBrowser();

        (await browser.FetchAsync(HttpMethod.Get, "/bff/user", cookie)).StatusCode.ShouldBe(
            HttpStatusCode.Unauthorized
        );
        (await browser.FetchAsync(HttpMethod.Get, "/api/v1/notes", cookie)).StatusCode.ShouldBe(
            HttpStatusCode.Unauthorized
        );
        (await browser.FetchAsync(HttpMethod.Post, "/bff/logout", cookie)).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await browser.GetAsync("/bff/login", cookie)).StatusCode.ShouldBe(HttpStatusCode.Redirect);
    }

    [Theory]
    [InlineData("/bff/signin-oidc")]
    [InlineData("/bff/signout-callback-oidc")]
    public async Task Callback_MalformedForm_IsAClientError(string path)
    {
        foreach (
            var (type, body) in new[]
            {
                ("multipart/form-data", "x"),
                ("multipart/form-data; boundary=b", "--b\r\nno header"),
                ("application/x-www-form-urlencoded", new string('k', 3000)),
            }
        )
        {
            using var browser = bff.NewBrowser();
            var form = new StringContent(body) { Headers = { ContentType = MediaTypeHeaderValue.Parse(type) } };
            ((int)(await browser.SendAsync(HttpMethod.Post, path, form)).StatusCode).ShouldBeLessThan(
                500,
                $"{path} {type}"
            );
        }
    }

    [Fact]
    [Trait("Check", "B21")]
    public async Task Login_ReturnUrlTooLongWhenEncoded_IsRefused()
    {
        using var browser = bff.NewBrowser();
        (
            await browser.GetAsync($"/bff/login?returnUrl=/{Uri.EscapeDataString(new string('ü', 1000))}")
        ).StatusCode.ShouldBe(HttpStatusCode.BadRequest);

        await bff.AddPersonAsync();
        await BffUnderTest.SignInAsync(browser);
        (await browser.GetAsync($"/bff/login?prompt=login&returnUrl=/{new string('x', 1999)}")).StatusCode.ShouldBe(
            HttpStatusCode.Redirect
        );
        // The longest parameter that Lightning.Identity accepts.
        bff.Provider.PushedRequests.Last()["state"].Length.ShouldBeLessThanOrEqualTo(4096);
    }
}
