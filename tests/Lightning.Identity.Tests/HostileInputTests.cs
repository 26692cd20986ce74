using System.Net;
using System.Net.Http.Headers;
using Lightning.Data.Authorizations;
using Lightning.Identity.Web;
using Lightning.ServiceDefaults;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Identity.Tests;

/// <summary>
/// Invalid input is refused with a protocol error and never causes a server error.
/// </summary>
public class HostileInputTests(IdentityUnderTest identity) : IClassFixture<IdentityUnderTest>
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("state")]
    [InlineData("nonce")]
    [InlineData("login_hint")]
    public async Task Authorize_ControlCharacter_ReturnsErrorToClient(string name)
    {
        foreach (var value in new[] { "a\0b", "a\r\nb" })
        {
            var answer = RelyingParty.Callback(await identity.Bff(identity.Visitor()).AuthorizeAsync((name, value)));
            answer["error"].ShouldBe("invalid_request");
            answer["error_description"].ShouldBe($"{name} contains a control character.");
        }
    }

    [Fact]
    public async Task Authorize_UnknownParameters_AreNotStored()
    {
        var visitor = identity.Visitor();
        var url = $"{identity.Bff(visitor).AuthorizeUrl()}&browser=x&%20browser=x&%00=x&x={new string('x', 3000)}";
        (await visitor.GetAsync(url)).StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        (await identity.Bff(visitor).PushAsync(("x", new string('x', 4000)), ("browser", "x"))).Status.ShouldBe(
            HttpStatusCode.Created
        );
        await using var db = identity.Database.Connect();
        var kept = await db
            .AuthorizationHandles.Where(row => row.Kind == AuthorizationKind.Request)
            .Select(row => row.Parameters)
            .ToListAsync(Cancellation);
        kept.ShouldAllBe(parameters =>
            parameters.Length < 1000 && !parameters.Contains("xxxx") && !parameters.Contains("client_secret")
        );
    }

    [Theory]
    [InlineData("/connect/token")]
    [InlineData("/connect/par")]
    [InlineData("/connect/authorize")]
    [InlineData("/connect/endsession")]
    [InlineData("/account/sign-in")]
    [InlineData("/account/sign-out")]
    public async Task Form_Malformed_Returns400(string path)
    {
        const string urlEncoded = "application/x-www-form-urlencoded";
        foreach (
            var (type, body) in new[]
            {
                ("multipart/form-data", "x"),
                ("multipart/form-data; boundary=b", "--b\r\nno header"),
                (urlEncoded, string.Join('&', Enumerable.Range(0, 1100).Select(number => $"a{number}=1"))),
                (urlEncoded, $"{new string('k', 3000)}=1"),
                ("application/json", "{}"),
            }
        )
        {
            using var form = new StringContent(body) { Headers = { ContentType = MediaTypeHeaderValue.Parse(type) } };
            using var answer = await identity.Visitor().Browser.SendAsync(HttpMethod.Post, path, form);
            answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest, $"{path} {type} {body[..1]}");
        }
    }

    [Theory]
    [InlineData("utf-7", HttpStatusCode.UnsupportedMediaType)]
    [InlineData("no-such-charset", HttpStatusCode.UnsupportedMediaType)]
    [InlineData("\"UTF-8\"", HttpStatusCode.BadRequest)]
    public async Task Form_UnsupportedCharset_IsRefused(string charset, HttpStatusCode expected)
    {
        foreach (var path in new[] { "/connect/token", "/connect/par", "/account/sign-in" })
        {
            using var form = new StringContent("a=b")
            {
                Headers =
                {
                    ContentType = MediaTypeHeaderValue.Parse($"application/x-www-form-urlencoded; charset={charset}"),
                },
            };
            using var answer = await identity.BackChannel().PostAsync(path, form, Cancellation);
            answer.StatusCode.ShouldBe(
                path == "/account/sign-in" || expected != HttpStatusCode.BadRequest
                    ? expected
                    : HttpStatusCode.Unauthorized,
                path
            );
        }
    }

    [Fact]
    public async Task Register_NameWithLineBreak_IsRefused()
    {
        using var page = await identity
            .Visitor()
            .SubmitAsync("/account/register", ("Email", "lines@example.com"), ("Name", "Ada\r\nBcc: everybody"));
        page.StatusCode.ShouldBe(HttpStatusCode.OK);
        (await page.Content.ReadAsStringAsync(Cancellation)).ShouldContain("Enter the name on one line.");
        (await identity.MailsAsync("lines@example.com")).ShouldBeEmpty();
    }

    [Theory]
    [InlineData(
        "/connect/authorize?client_id=lightning-bff"
            + "&request_uri=urn%3Aietf%3Aparams%3Aoauth%3Arequest_uri%3AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        true
    )]
    [InlineData(
        "/connect/authorize?client_id=lightning-bff"
            + "&request_uri=urn%3Aietf%3Aparams%3Aoauth%3Arequest_uri%3AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
            + ".00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        true
    )]
    [InlineData(
        "/connect/authorize?client_id=lightning-bff"
            + "&request_uri=urn%3Aietf%3Aparams%3Aoauth%3Arequest_uri%3AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
            + ".00-4bf92f3577b34da6a3ce929d0e0e4736-evil.example.com-01",
        false
    )]
    [InlineData("/connect/authorize?client_id=lightning-bff&redirect_uri=https%3A%2F%2Fevil.example", false)]
    [InlineData("/connect/authorize?you+won+a+prize+at+evil.example", false)]
    [InlineData(
        "/connect/authorize?client_id=a"
            + "&request_uri=urn%3Aietf%3Aparams%3Aoauth%3Arequest_uri%3AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
            + "&x=evil",
        false
    )]
    public void ReturnUrl_OnlySuspendedRequestsAndAccountPages_AreAccepted(string url, bool accepted) =>
        ReturnUrl.Accept(url).ShouldBe(accepted ? url : null);

    [Theory]
    [InlineData("192.0.2.1", "192.0.2.2", false)]
    [InlineData("192.0.2.1", "::ffff:192.0.2.1", true)]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", true)]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:3::1", false)]
    [InlineData("fe80::1%1", "fe80::1%2", true)]
    [Trait("Check", "U03")]
    public void Network_GroupsAddressesOfOneSubscriber(string one, string other, bool same) =>
        ClientNetwork.Get(IPAddress.Parse(one)).Equals(ClientNetwork.Get(IPAddress.Parse(other))).ShouldBe(same);
}
