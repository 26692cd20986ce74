using System.Net;
using Lightning.Testing;
using Microsoft.AspNetCore.Builder;

namespace Lightning.Api.Tests;

/// <summary>
/// Rate limits per session and per address. Each test has its own API, because limits are counted per process.
/// </summary>
public class RequestLimitTests(PostgresServer server)
{
    /// <summary>Sets the remote address of requests from a header.</summary>
    const string From = "X-From";

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    async Task<ApiUnderTest> StartAsync(string key, int perMinute)
    {
        var api = new ApiUnderTest(server)
        {
            Settings = new Dictionary<string, string>(StringComparer.Ordinal) { [key] = $"{perMinute}" },
            Extend = app =>
                app.Use(
                    (context, next) =>
                    {
                        if (context.Request.Headers[From] is [{ } address])
                            context.Connection.RemoteIpAddress = IPAddress.Parse(address);
                        return next(context);
                    }
                ),
        };
        await api.InitializeAsync();
        return api;
    }

    [Fact]
    [Trait("Check", "O06")]
    public async Task Session_over_its_limit_is_429_and_others_are_not()
    {
        await using var api = await StartAsync("Sessions:RequestsPerMinute", 60);
        var (busy, other) = (await api.SignInAsync("busy"), await api.SignInAsync("other"));
        var (answered, clock) = (0, System.Diagnostics.Stopwatch.StartNew());
        HttpResponseMessage refused;
        while ((refused = await busy.GetAsync("/api/v1/me")).StatusCode == HttpStatusCode.OK)
            (++answered).ShouldBeLessThan(1000);
        // The quota of a minute, plus the refill of the time that has passed.
        answered.ShouldBeInRange(60, 61 + (int)clock.Elapsed.TotalSeconds);

        refused.StatusCode.ShouldBe(HttpStatusCode.TooManyRequests);
        refused.Headers.RetryAfter!.ToString().ShouldBe("60");
        var problem = await refused.JsonAsync();
        problem.GetProperty("type").GetString().ShouldBe("/problems/too-many-requests");
        problem
            .GetProperty("detail")
            .GetString()
            .ShouldBe("This session has exceeded its limit of requests per minute. Wait a minute, then try again.");
        (await other.GetAsync("/api/v1/me")).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    [Trait("Check", "O06")]
    public async Task Session_reloaded_from_the_database_keeps_its_quota()
    {
        await using var api = await StartAsync("Sessions:RequestsPerMinute", 60);
        var busy = await api.SignInAsync("busy");
        var (answered, clock) = (0, System.Diagnostics.Stopwatch.StartNew());
        while (await busy.GetAsync("/api/v1/me") is { StatusCode: HttpStatusCode.OK })
        {
            (++answered).ShouldBeLessThan(1000);
            // Invalidates the cached session.
            if (answered % 20 == 0)
                await api.Database.ExecuteAsync(
                    $"UPDATE app.users SET name = 'Renamed {answered}' WHERE id = '{busy.User.Id}'"
                );
        }
        answered.ShouldBeInRange(60, 61 + (int)clock.Elapsed.TotalSeconds);
    }

    [Theory]
    [Trait("Check", "O06")]
    [InlineData("203.0.113.7", "203.0.113.7", "203.0.113.8")]
    [InlineData("::ffff:203.0.113.7", "203.0.113.7", "::ffff:203.0.113.8")]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "2001:db8:1:3::1")]
    public async Task Address_with_many_invalid_tokens_is_429_and_valid_sessions_are_not(
        string address,
        string same,
        string another
    )
    {
        await using var api = await StartAsync("Sessions:UnknownPerMinute", 10);
        var (known, ended) = (await api.SignInAsync("known"), await api.SignInAsync("ended"));
        (await AskAsync(known.Client, same)).StatusCode.ShouldBe(HttpStatusCode.OK);
        await api.Database.ExecuteAsync($"SELECT identity.end_session('{ended.Session.Id}', 'test')");
        await Wait.UntilAsync(async () =>
            (await AskAsync(ended.Client, another)).StatusCode == HttpStatusCode.Unauthorized
        );

        // Some tokens are malformed, others have ended sessions.
        for (var i = 0; i < 9; i++)
            (await AskAsync(i % 2 == 0 ? ended.Client : api.With($"made.up.{i}"), address)).StatusCode.ShouldBe(
                HttpStatusCode.Unauthorized
            );
        foreach (var stranger in new[] { ended.Client, api.With("made.up.too") })
        {
            HttpResponseMessage response;
            var tries = 0;
            while ((response = await AskAsync(stranger, address)).StatusCode == HttpStatusCode.Unauthorized)
                (++tries).ShouldBeLessThan(20);
            response.StatusCode.ShouldBe(HttpStatusCode.TooManyRequests);
            (await response.JsonAsync())
                .GetProperty("detail")
                .GetString()!
                .ShouldStartWith("This address has sent too many requests");
            (await AskAsync(stranger, another)).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        }
        (await AskAsync(known.Client, same)).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await AskAsync(api.Anonymous(), same)).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
    }

    static async Task<HttpResponseMessage> AskAsync(HttpClient client, string from)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/me") { Headers = { { From, from } } };
        return await client.SendAsync(request, Cancellation);
    }
}
