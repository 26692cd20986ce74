using System.Net;
using System.Net.Http.Headers;
using Lightning.Testing;

namespace Lightning.Bff.Tests;

/// <summary>What no browser of ours sends is refused, and is never the server's fault.</summary>
public class HostileInputTests(BffUnderTest bff) : IClassFixture<BffUnderTest>
{
    /// <summary>As long as a value of ours.</summary>
    const int Length = 43;

    [Theory]
    [InlineData('!')]
    [InlineData('=')]
    [InlineData('+')]
    [Trait("Check", "B08")]
    public async Task Cookie_ThatIsNoBase64Url_IsNoSession(char letter)
    {
        var cookie = ("Cookie", $"{BffUnderTest.SessionCookie}={new string(letter, Length)}");
        using var browser = bff.NewBrowser();
        (await browser.FetchAsync(HttpMethod.Get, "/bff/user", cookie)).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        (await browser.FetchAsync(HttpMethod.Get, "/api/v1/notes", cookie)).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        (await browser.FetchAsync(HttpMethod.Post, "/bff/logout", cookie)).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await browser.GetAsync("/bff/login", cookie)).StatusCode.ShouldBe(HttpStatusCode.Redirect);
    }

    [Theory]
    [InlineData("/bff/signin-oidc")]
    [InlineData("/bff/signout-callback-oidc")]
    public async Task Callback_FormThatCannotBeRead_IsNotTheServersFault(string path)
    {
        foreach (var (type, body) in new[] { ("multipart/form-data", "x"), ("multipart/form-data; boundary=b", "--b\r\nno header"), ("application/x-www-form-urlencoded", new string('k', 3000)) })
        {
            using var browser = bff.NewBrowser();
            var form = new StringContent(body) { Headers = { ContentType = MediaTypeHeaderValue.Parse(type) } };
            ((int)(await browser.SendAsync(HttpMethod.Post, path, form)).StatusCode).ShouldBeLessThan(500, $"{path} {type}");
        }
    }

    [Fact]
    [Trait("Check", "B21")]
    public async Task Login_ReturnUrlThatGrowsWhenEncoded_IsRefused_AndTheLongestFitsTheProvidersLimit()
    {
        using var browser = bff.NewBrowser();
        (await browser.GetAsync($"/bff/login?returnUrl=/{Uri.EscapeDataString(new string('ü', 1000))}")).StatusCode.ShouldBe(HttpStatusCode.BadRequest);

        await bff.AddPersonAsync();
        await BffUnderTest.SignInAsync(browser);
        (await browser.GetAsync($"/bff/login?prompt=login&returnUrl=/{new string('x', 1999)}")).StatusCode.ShouldBe(HttpStatusCode.Redirect);
        // Lightning.Identity takes no parameter that is longer.
        bff.Provider.PushedRequests.Last()["state"].Length.ShouldBeLessThanOrEqualTo(4096);
    }
}
