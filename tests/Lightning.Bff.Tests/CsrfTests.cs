using System.Net;
using System.Text;

namespace Lightning.Bff.Tests;

public class CsrfTests(BffUnderTest bff) : IClassFixture<BffUnderTest>
{
    /// <summary>Requests that a page of another site can make a browser send.</summary>
    public static TheoryData<string, string> Forgeries =>
        new()
        {
            { "GET", "/bff/user" },
            { "GET", "/api/v1/notes" },
            { "GET", "/API/v1/notes" },
            { "HEAD", "/api/v1/notes" },
            { "POST", "/api/v1/notes" },
            { "POST", "/bff/logout" },
            { "GET", "/bff/logout" },
            { "GET", "/bff/unknown" },
        };

    [Theory]
    [MemberData(nameof(Forgeries))]
    [Trait("Check", "B16")]
    [Trait("Check", "B17")]
    [Trait("Check", "B20")]
    public async Task Call_WithoutTheHeader_IsRefused_AndChangesNothing(string method, string path)
    {
        using var ada = await bff.SignInAsync();
        bff.Clock.Advance(TimeSpan.FromMinutes(2));
        var before = await RowAsync(ada);
        var calls = bff.Api.Requests.Count;

        foreach (var content in new HttpContent?[] { null, new StringContent("{}", Encoding.UTF8, "text/plain") })
        {
            using var answer = await ada.Browser.SendAsync(new HttpMethod(method), path, content);
            answer.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        }

        bff.Api.Requests.Count.ShouldBe(calls);
        (await RowAsync(ada)).ShouldBe(before);
    }

    [Theory]
    [InlineData("Sec-Fetch-Site", "cross-site")]
    [InlineData("Sec-Fetch-Site", "same-site")]
    [InlineData("Sec-Fetch-Site", "none")]
    [InlineData("Origin", "null")]
    [InlineData("Origin", "https://evil.example")]
    [InlineData("Origin", "http://127.0.0.1")]
    [InlineData("X-CSRF", "0")]
    [Trait("Check", "B18")]
    [Trait("Check", "B19")]
    public async Task Call_FromAnotherOriginWithTheHeader_IsRefused(string name, string value)
    {
        using var ada = await bff.SignInAsync();
        (string, string)[] headers = name == "X-CSRF" ? [(name, value)] : [("X-CSRF", "1"), (name, value)];
        using var answer = await ada.Browser.GetAsync("/bff/user", headers);

        answer.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        answer.Headers.Contains("Access-Control-Allow-Origin").ShouldBeFalse();
    }

    [Fact]
    [Trait("Check", "B18")]
    public async Task Call_FromThisOrigin_IsAnswered()
    {
        using var ada = await bff.SignInAsync();
        using var answer = await ada.Browser.FetchAsync(
            HttpMethod.Get,
            "/bff/user",
            ("Sec-Fetch-Site", "same-origin"),
            ("Origin", bff.Address.GetLeftPart(UriPartial.Authority))
        );

        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Theory]
    [InlineData(null, HttpStatusCode.Forbidden)]
    [InlineData("https://evil.example", HttpStatusCode.Forbidden)]
    [InlineData("own", HttpStatusCode.OK)]
    [Trait("Check", "B26")]
    public async Task WebSocket_IsAcceptedByItsOriginOnly(string? origin, HttpStatusCode status)
    {
        using var ada = await bff.SignInAsync();
        List<(string, string)> headers =
        [
            ("Connection", "Upgrade"),
            ("Upgrade", "websocket"),
            ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA=="),
        ];
        if (origin is not null)
            headers.Add(("Origin", origin == "own" ? bff.Address.GetLeftPart(UriPartial.Authority) : origin));
        using var answer = await ada.Browser.GetAsync("/api/v1/events", [.. headers]);

        answer.StatusCode.ShouldBe(status);
    }

    [Fact]
    [Trait("Check", "B20")]
    public async Task Logout_ByLinkFromAnotherSite_KeepsTheSession()
    {
        using var ada = await bff.SignInAsync();
        await ada.Browser.GetAsync("/bff/logout", ("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate"));

        (await ada.StatusOfAsync()).ShouldBe(HttpStatusCode.OK);
    }

    Task<object?> RowAsync(SignedIn person) =>
        bff.Database.ExecuteAsync(
            $"""
            SELECT web.xmin::text || session.xmin::text || (session.ended_at IS NULL)::text
                FROM web.sessions AS web JOIN identity.sessions AS session ON session.id = web.sid
                WHERE web.sid = '{person.Session.Id}'
            """
        );
}
