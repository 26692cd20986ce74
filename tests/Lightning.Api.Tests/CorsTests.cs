using System.Net;

namespace Lightning.Api.Tests;

/// <summary>CORS: only registered origins are allowed.</summary>
public class CorsTests(ApiUnderTest api) : IClassFixture<ApiUnderTest>
{
    public const string Origin = "https://spa.example.com";
    const string Allowed = "Access-Control-Allow-Origin";

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory, Trait("Check", "A24")]
    [InlineData("GET")]
    [InlineData("POST")]
    [InlineData("PUT")]
    [InlineData("DELETE")]
    public async Task Registered_origin_can_read_responses_and_errors(string method)
    {
        using var preflight = await SendAsync(
            "OPTIONS",
            Origin,
            ("Access-Control-Request-Method", method),
            ("Access-Control-Request-Headers", "authorization,content-type,if-match")
        );
        preflight.StatusCode.ShouldBe(HttpStatusCode.NoContent);
        Header(preflight, Allowed).ShouldBe(Origin);
        Header(preflight, "Access-Control-Allow-Methods")!.ShouldContain(method);
        Header(preflight, "Access-Control-Allow-Credentials").ShouldBeNull();
        using var answer = await SendAsync("GET", Origin);
        answer.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        Header(answer, Allowed).ShouldBe(Origin);
        Header(answer, "Access-Control-Expose-Headers")!.ShouldContain("ETag");
        answer.Headers.Vary.ShouldContain("Origin");
    }

    [Theory, Trait("Check", "A24")]
    [InlineData("null")]
    [InlineData("https://spa.example.com.evil.example")]
    [InlineData("https://sub.spa.example.com")]
    [InlineData("http://spa.example.com")]
    [InlineData("https://spa.example.com:8443")]
    [InlineData("http://localhost:5100")]
    public async Task Similar_origin_gets_no_CORS_headers(string origin)
    {
        using var preflight = await SendAsync("OPTIONS", origin, ("Access-Control-Request-Method", "GET"));
        Header(preflight, Allowed).ShouldBeNull();
        using var answer = await SendAsync("GET", origin);
        Header(answer, Allowed).ShouldBeNull();
    }

    async Task<HttpResponseMessage> SendAsync(
        string method,
        string origin,
        params (string Name, string Value)[] headers
    )
    {
        using var client = api.Anonymous();
        using var request = new HttpRequestMessage(new HttpMethod(method), "/api/v1/notes");
        request.Headers.TryAddWithoutValidation("Origin", origin);
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        return await client.SendAsync(request, Cancellation);
    }

    static string? Header(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out var values) ? string.Join(",", values) : null;
}
