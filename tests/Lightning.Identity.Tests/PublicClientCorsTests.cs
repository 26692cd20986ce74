using System.Net;
using Lightning.Testing;

namespace Lightning.Identity.Tests;

/// <summary>Identity with a public client on another origin.</summary>
public sealed class IdentityWithFrontEnd(PostgresServer server) : IdentityUnderTest(server)
{
    public const string Origin = "https://spa.example.com";

    protected override IEnumerable<(string Key, string Value)> Settings =>
        [
            ("Identity:Clients:Public:Origins:0", Origin),
            ("Identity:Clients:Public:RedirectUris:1", "http://127.0.0.1/native"),
            ("Identity:Clients:Public:RedirectUris:2", "http://[::1]/native"),
        ];
}

public class PublicClientCorsTests(IdentityWithFrontEnd identity) : IClassFixture<IdentityWithFrontEnd>
{
    const string Allowed = "Access-Control-Allow-Origin";

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory, Trait("Check", "A24")]
    [InlineData("GET", "/.well-known/openid-configuration")]
    [InlineData("GET", "/.well-known/jwks.json")]
    [InlineData("POST", "/connect/token")]
    [InlineData("POST", "/connect/nonce")]
    [InlineData("POST", "/connect/revocation")]
    [InlineData("GET", "/connect/userinfo")]
    public async Task ClientEndpoint_RegisteredOrigin_AllowsCors(string method, string path)
    {
        using var preflight = await SendAsync(
            "OPTIONS",
            path,
            IdentityWithFrontEnd.Origin,
            ("Access-Control-Request-Method", method),
            ("Access-Control-Request-Headers", "authorization,content-type")
        );
        preflight.StatusCode.ShouldBe(HttpStatusCode.NoContent);
        Header(preflight, Allowed).ShouldBe(IdentityWithFrontEnd.Origin);
        Header(preflight, "Access-Control-Allow-Methods")!.ShouldContain(method);
        Header(preflight, "Access-Control-Allow-Headers")!.ShouldContain("Authorization");
        Header(preflight, "Access-Control-Allow-Credentials").ShouldBeNull();

        // Error responses too, so that scripts can read the reason.
        using var answer = await SendAsync(method, path, IdentityWithFrontEnd.Origin);
        Header(answer, Allowed).ShouldBe(IdentityWithFrontEnd.Origin);
        Header(answer, "Access-Control-Allow-Credentials").ShouldBeNull();
        answer.Headers.Vary.ShouldContain("Origin");
    }

    [Theory, Trait("Check", "A24")]
    [InlineData("null")]
    [InlineData("https://evil.example")]
    [InlineData("https://spa.example.com.evil.example")]
    [InlineData("https://evil-spa.example.com")]
    [InlineData("https://sub.spa.example.com")]
    [InlineData("http://spa.example.com")]
    [InlineData("https://spa.example.com:444")]
    [InlineData("https://spa.example.com/")]
    [InlineData("https://SPA.example.com")]
    [InlineData("http://localhost:5100")]
    public async Task ClientEndpoint_SimilarOrigin_RefusesCors(string origin)
    {
        foreach (var path in new[] { "/connect/token", "/connect/userinfo", "/.well-known/openid-configuration" })
        {
            using var preflight = await SendAsync("OPTIONS", path, origin, ("Access-Control-Request-Method", "POST"));
            Header(preflight, Allowed).ShouldBeNull(path);
            using var answer = await SendAsync("POST", path, origin);
            Header(answer, Allowed).ShouldBeNull(path);
        }
    }

    [Theory, Trait("Check", "A24")]
    [InlineData("/connect/authorize")]
    [InlineData("/connect/par")]
    [InlineData("/connect/introspection")]
    [InlineData("/connect/endsession")]
    [InlineData("/account/sign-in")]
    [InlineData("/")]
    public async Task Page_RegisteredOrigin_RefusesCors(string path)
    {
        using var preflight = await SendAsync(
            "OPTIONS",
            path,
            IdentityWithFrontEnd.Origin,
            ("Access-Control-Request-Method", "GET")
        );
        Header(preflight, Allowed).ShouldBeNull();
        using var answer = await SendAsync("GET", path, IdentityWithFrontEnd.Origin);
        Header(answer, Allowed).ShouldBeNull();
    }

    [Theory, Trait("Check", "A02")]
    [InlineData("http://127.0.0.1:49152/native", true)]
    [InlineData("http://127.0.0.1/native", true)]
    [InlineData("http://[::1]:8080/native", true)]
    [InlineData("http://localhost:49152/native", false)]
    [InlineData("http://127.0.0.1:49152/native/", false)]
    [InlineData("http://127.0.0.1:49152/native?x=1", false)]
    [InlineData("http://127.0.0.1:49152@evil.example/native", false)]
    [InlineData("http://127.0.0.1:0/native", false)]
    [InlineData("http://127.0.0.2:49152/native", false)]
    [InlineData("https://127.0.0.1:49152/native", false)]
    [InlineData("http://127.0.0.1.evil.example:80/native", false)]
    // A URI registered with a port matches that port only.
    [InlineData("http://127.0.0.1:7778/callback", false)]
    public async Task NativeApp_LoopbackRedirectUri_MayDifferInPortOnly(string redirectUri, bool taken)
    {
        using var response = await identity.Native(identity.Visitor()).AuthorizeAsync(("redirect_uri", redirectUri));
        response.StatusCode.ShouldBe(taken ? HttpStatusCode.SeeOther : HttpStatusCode.BadRequest);
    }

    async Task<HttpResponseMessage> SendAsync(
        string method,
        string path,
        string origin,
        params (string Name, string Value)[] headers
    )
    {
        using var client = identity.BackChannel();
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        request.Headers.TryAddWithoutValidation("Origin", origin);
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        return await client.SendAsync(request, Cancellation);
    }

    static string? Header(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out var values) ? string.Join(",", values) : null;
}
