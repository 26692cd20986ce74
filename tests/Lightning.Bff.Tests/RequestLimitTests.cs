using System.Buffers.Text;
using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json;
using Lightning.Testing;

namespace Lightning.Bff.Tests;

/// <summary>
/// Rate limits per session and address. Each test counts requests, so it has its own BFF; its clock stands still unless
/// advanced.
/// </summary>
public sealed class RequestLimitTests(PostgresServer server) : IAsyncLifetime
{
    readonly BffUnderTest bff = new(server);

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => bff.InitializeAsync();

    public ValueTask DisposeAsync() => bff.DisposeAsync();

    [Fact]
    [Trait("Check", "O06")]
    public async Task Session_OverItsLimit_IsRefused_OthersAreNot()
    {
        var replica = bff.Start(("Sessions:RequestsPerMinute", "60"));
        using var ada = await bff.SignInAsync(replica);
        using var bob = await bff.SignInAsync(replica);
        var (busy, other) = (ada.Browser, bob.Browser);
        // The remaining requests: the sign-in may count too.
        for (var i = 0; i < 50; i++)
            (await busy.FetchAsync(HttpMethod.Get, "/api/v1/notes")).StatusCode.ShouldBe(HttpStatusCode.OK);

        var most = 50;
        while ((await busy.FetchAsync(HttpMethod.Get, "/api/v1/notes")).StatusCode == HttpStatusCode.OK)
            (++most).ShouldBeLessThanOrEqualTo(60);
        using var refused = await busy.FetchAsync(HttpMethod.Get, "/api/v1/notes");

        refused.StatusCode.ShouldBe(HttpStatusCode.TooManyRequests);
        refused.Headers.RetryAfter!.ToString().ShouldBe("60");
        (await refused.Content.ReadFromJsonAsync<JsonElement>(Cancellation))
            .GetProperty("type")
            .GetString()
            .ShouldBe("/problems/too-many-requests");
        (await other.FetchAsync(HttpMethod.Get, "/api/v1/notes")).StatusCode.ShouldBe(HttpStatusCode.OK);
        bff.Clock.Advance(TimeSpan.FromSeconds(1));
        (await busy.FetchAsync(HttpMethod.Get, "/api/v1/notes")).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await busy.FetchAsync(HttpMethod.Get, "/api/v1/notes")).StatusCode.ShouldBe(HttpStatusCode.TooManyRequests);
    }

    [Fact]
    [Trait("Check", "O06")]
    public async Task Address_SendsInvalidCookies_IsLimited_AndItsSessionsAreNot()
    {
        var replica = bff.Start(("Sessions:UnknownPerMinute", "10"));
        using var ada = await bff.SignInAsync(replica);
        var known = ada.Browser;
        (await known.FetchAsync(HttpMethod.Get, "/api/v1/notes")).StatusCode.ShouldBe(HttpStatusCode.OK);

        var answers = new List<HttpStatusCode>();
        for (var i = 0; i < 40; i++)
        {
            using var stranger = new HttpClient(new SocketsHttpHandler { UseCookies = false })
            {
                BaseAddress = replica,
            };
            using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/notes")
            {
                Headers =
                {
                    { "X-CSRF", "1" },
                    {
                        "Cookie",
                        $"{BffUnderTest.SessionCookie}={Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32))}"
                    },
                },
            };
            answers.Add((await stranger.SendAsync(request, Cancellation)).StatusCode);
        }

        answers.Take(10).ShouldAllBe(status => status == HttpStatusCode.Unauthorized);
        answers[^1].ShouldBe(HttpStatusCode.TooManyRequests);
        (await known.FetchAsync(HttpMethod.Get, "/api/v1/notes")).StatusCode.ShouldBe(HttpStatusCode.OK);
    }
}
