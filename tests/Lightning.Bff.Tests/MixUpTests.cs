using System.Net;
using Lightning.Testing;

namespace Lightning.Bff.Tests;

/// <summary>
/// The mix-up attack: a malicious provider's response is passed off as the honest one's (RFC 9700, 4.4).
/// </summary>
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

    /// <summary>
    /// Starts a sign-in at the honest provider; the malicious provider responds in the same browser.
    /// </summary>
    static async Task<HttpStatusCode> AnswerAsync(Browser browser, string? evilIssuer)
    {
        var challenge = await browser.GetAsync("/bff/login");
        var honest = (await browser.GetAsync(challenge.Headers.Location!.ToString())).Headers.Location!;
        var query = Microsoft.AspNetCore.WebUtilities.QueryHelpers.ParseQuery(honest.Query);
        var answer =
            $"{honest.GetLeftPart(UriPartial.Path)}?code=a-code-of-the-other"
            + $"&state={Uri.EscapeDataString(query["state"].ToString())}";
        if (evilIssuer is not null)
            answer += $"&iss={Uri.EscapeDataString(evilIssuer)}";
        return (await browser.GetAsync(answer)).StatusCode;
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Trait("Check", "C06")]
    public async Task Callback_CodeOfAnotherProvider_IsNotRedeemed(bool saysItsName)
    {
        using var browser = bff.NewBrowser();

        (await AnswerAsync(browser, saysItsName ? evil.Issuer : null)).ShouldBe(HttpStatusCode.BadRequest);

        bff.Provider.Redemptions.ShouldBeEmpty();
        evil.Redemptions.ShouldBeEmpty();
        browser.Cookie(BffUnderTest.SessionCookie).ShouldBeNull();
    }

    /// <summary>
    /// The iss parameter is the defense: with the honest issuer the code is redeemed, so the test above proves
    /// something.
    /// </summary>
    [Fact]
    [Trait("Check", "C06")]
    public async Task Callback_CodeWithTheHonestIssuer_IsRedeemedThere_AndRefused()
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
    public async Task Login_IssuerOneCharacterOff_DoesNotRedirect(string? more)
    {
        var honest = bff.Provider.Issuer;
        bff.Provider.MetadataIssuer = more is null ? honest[..^1] : honest + more;
        using var browser = bff.NewBrowser();

        (await browser.GetAsync("/bff/login")).StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);

        bff.Provider.PushedRequests.ShouldBeEmpty();
        bff.Provider.AuthorizationRequests.ShouldBeEmpty();
    }
}
