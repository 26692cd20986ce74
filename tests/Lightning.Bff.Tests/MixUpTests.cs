using System.Net;
using Lightning.Testing;

namespace Lightning.Bff.Tests;

/// <summary>A second, malicious provider, whose answer is given out as the first one's (RFC 9700, 4.4).</summary>
public sealed class MixUpTests(PostgresServer server) : IAsyncLifetime
{
    readonly BffUnderTest bff = new(server);
    FakeProvider evil = null!;

    public async ValueTask InitializeAsync()
    {
        await bff.InitializeAsync();
        evil = await FakeProvider.StartAsync();
        await bff.AddPersonAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await evil.DisposeAsync();
        await bff.DisposeAsync();
    }

    /// <summary>A sign-in that was begun at the honest provider, and is answered by the other in the same browser.</summary>
    static async Task<HttpStatusCode> AnswerAsync(Browser browser, string? evilIssuer)
    {
        var challenge = await browser.GetAsync("/bff/login");
        var honest = (await browser.GetAsync(challenge.Headers.Location!.ToString())).Headers.Location!;
        var query = Microsoft.AspNetCore.WebUtilities.QueryHelpers.ParseQuery(honest.Query);
        var answer = $"{honest.GetLeftPart(UriPartial.Path)}?code=a-code-of-the-other&state={Uri.EscapeDataString(query["state"].ToString())}";
        if (evilIssuer is not null) answer += $"&iss={Uri.EscapeDataString(evilIssuer)}";
        return (await browser.GetAsync(answer)).StatusCode;
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Trait("Check", "C06")]
    public async Task Callback_CodeOfAnotherProvider_IsSentToNobody(bool saysItsName)
    {
        using var browser = bff.NewBrowser();

        (await AnswerAsync(browser, saysItsName ? evil.Issuer : null)).ShouldBe(HttpStatusCode.BadRequest);

        bff.Provider.Redemptions.ShouldBeEmpty();
        evil.Redemptions.ShouldBeEmpty();
        browser.Cookie(BffUnderTest.SessionCookie).ShouldBeNull();
    }

    /// <summary>The defence is the name: where the honest one's stands in the answer, the code goes to it, so the test above sees what it says.</summary>
    [Fact]
    [Trait("Check", "C06")]
    public async Task Callback_CodeUnderTheHonestName_IsSentThereAndRefused()
    {
        using var browser = bff.NewBrowser();

        (await AnswerAsync(browser, bff.Provider.Issuer)).ShouldBe(HttpStatusCode.BadRequest);

        bff.Provider.Redemptions.ShouldHaveSingleItem()["code"].ShouldBe("a-code-of-the-other");
        browser.Cookie(BffUnderTest.SessionCookie).ShouldBeNull();
    }

    [Theory]
    [InlineData("/")]
    [InlineData("x")]
    [InlineData(null)]
    [Trait("Check", "C07")]
    public async Task Login_IssuerOneCharacterOff_SendsNobodyThere(string? more)
    {
        var honest = bff.Provider.Issuer;
        bff.Provider.MetadataIssuer = more is null ? honest[..^1] : honest + more;
        using var browser = bff.NewBrowser();

        (await browser.GetAsync("/bff/login")).StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);

        bff.Provider.PushedRequests.ShouldBeEmpty();
        bff.Provider.AuthorizationRequests.ShouldBeEmpty();
    }
}
