using System.Net;
using System.Text;
using Lightning.Testing;
using Microsoft.AspNetCore.Http;

namespace Lightning.Bff.Tests;

/// <summary>An API that rejects a token before its expiry.</summary>
public sealed class RenewalTests(PostgresServer server) : IAsyncLifetime
{
    readonly BffUnderTest bff = new(server);
    string accepted = "Bearer access-canary-2";

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await bff.InitializeAsync();
        bff.Api.Answer = context =>
        {
            if (context.Request.Headers.Authorization == accepted)
                return context.Response.WriteAsync("from the API");
            context.Response.StatusCode = StatusCodes.Status401Unauthorized;
            context.Response.Headers.WWWAuthenticate =
                "Bearer error=\"invalid_token\", error_description=\"The token expired\"";
            return context.Response.WriteAsync("expired");
        };
    }

    public ValueTask DisposeAsync() => bff.DisposeAsync();

    [Theory]
    [InlineData("GET")]
    [InlineData("DELETE")]
    [Trait("Check", "B25")]
    public async Task RejectedToken_IsRefreshedOnce(string method)
    {
        using var ada = await bff.SignInAsync();

        using var answer = await ada.Browser.FetchAsync(new HttpMethod(method), "/api/v1/notes");

        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        (await answer.Content.ReadAsStringAsync(Cancellation)).ShouldBe("from the API");
        answer.Headers.WwwAuthenticate.ShouldBeEmpty();
        answer.Headers.CacheControl!.ToString().ShouldBe("no-store");
        answer.Headers.Contains("Content-Security-Policy").ShouldBeTrue();
        bff.Provider.Refreshes.Count.ShouldBe(1);
        bff.Api.Requests.Select(request => request.Headers["Authorization"])
            .ShouldBe(["Bearer access-canary-1", "Bearer access-canary-2"]);
        (await ada.StatusOfAsync("/api/v1/notes")).ShouldBe(HttpStatusCode.OK);
        bff.Api.Requests.Count.ShouldBe(3);
    }

    [Fact]
    [Trait("Check", "B25")]
    public async Task RejectedToken_EveryTime_RefreshesOnce_AndPassesTheResponse()
    {
        accepted = "none";
        using var ada = await bff.SignInAsync();
        for (var i = 0; i < 5; i++)
        {
            using var answer = await ada.FetchAsync("/api/v1/notes");
            answer.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
            answer.Headers.WwwAuthenticate.ToString().ShouldContain("The token expired");
            (await answer.Content.ReadAsStringAsync(Cancellation)).ShouldBe("expired");
        }

        bff.Provider.Refreshes.Count.ShouldBe(1);
        bff.Api.Requests.Count.ShouldBe(6);
        (await ada.StatusOfAsync()).ShouldBe(HttpStatusCode.OK);
    }

    [Theory]
    [InlineData("POST", false)]
    [InlineData("PUT", true)]
    [InlineData("GET", true)]
    [Trait("Check", "B25")]
    public async Task RejectedToken_RequestNotRetryable_PassesTheResponse(string method, bool hasBody)
    {
        using var ada = await bff.SignInAsync();
        using var body = hasBody ? new StringContent("{}", Encoding.UTF8, "application/json") : null;
        using var answer = await ada.Browser.SendAsync(new HttpMethod(method), "/api/v1/notes", body, ("X-CSRF", "1"));

        answer.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        bff.Api.Requests.Count.ShouldBe(1);
        bff.Provider.Refreshes.ShouldBeEmpty();
    }

    [Fact]
    [Trait("Check", "B25")]
    public async Task RejectedToken_ProviderDown_PassesTheResponse_AndKeepsTheSession()
    {
        using var ada = await bff.SignInAsync();
        await bff.Provider.DisposeAsync();

        (await ada.StatusOfAsync("/api/v1/notes")).ShouldBe(HttpStatusCode.Unauthorized);
        (await ada.StatusOfAsync()).ShouldBe(HttpStatusCode.OK);
    }
}
