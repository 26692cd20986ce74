using System.Net;
using Lightning.Testing;

namespace Lightning.Identity.Tests;

/// <summary>Identity in Production behind an HTTPS proxy.</summary>
public sealed class IdentityInProduction(PostgresServer server) : IdentityUnderTest(server)
{
    protected override IEnumerable<(string Key, string Value)> Settings =>
        [
            ("environment", "Production"),
            ("Identity:Issuer", "https://id.example.com"),
            ("Identity:Clients:Bff:BaseUri", "https://app.example.com"),
            ("Identity:Clients:Admin:BaseUri", "https://admin.example.com"),
            ("Identity:Clients:Public:RedirectUris:0", "com.example.app:/callback"),
        ];
}

public class ProductionTests(IdentityInProduction identity) : IClassFixture<IdentityInProduction>
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("/")]
    [InlineData("/account/sign-in")]
    [InlineData("/ACCOUNT/sign-in")]
    [InlineData("/connect/authorize")]
    [InlineData("/connect/endsession")]
    [Trait("Check", "A02")]
    public async Task Browser_OverPlainHttp_GetsErrorPageWithoutCookie(string path)
    {
        using var http = identity.BackChannel();
        using var plain = await http.GetAsync(path, Cancellation);
        plain.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await plain.Content.ReadAsStringAsync(Cancellation)).ShouldContain("arrived over plain HTTP");
        plain.Headers.Contains("Set-Cookie").ShouldBeFalse();
        using var encrypted = await http.GetAsync($"https://id.example.com{path}", Cancellation);
        (await encrypted.Content.ReadAsStringAsync(Cancellation)).ShouldNotContain("arrived over plain HTTP");
    }

    [Fact]
    public async Task ForwardedProtocol_FromUntrustedProxy_IsIgnored()
    {
        using var http = identity.BackChannel();
        http.DefaultRequestHeaders.Add("X-Forwarded-Proto", "https");
        using var plain = await http.GetAsync("/account/sign-in", Cancellation);
        plain.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Theory]
    [InlineData("/health/live")]
    [InlineData("/.well-known/openid-configuration")]
    [InlineData("/.well-known/jwks.json")]
    public async Task ClientEndpoint_OverPlainHttp_IsServed(string path) =>
        (await identity.BackChannel().GetAsync(path, Cancellation)).StatusCode.ShouldBe(HttpStatusCode.OK);
}
