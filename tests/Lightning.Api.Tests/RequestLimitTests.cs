using System.Net;
using Lightning.Testing;
using Microsoft.AspNetCore.Builder;

namespace Lightning.Api.Tests;

/// <summary>What one session and one address may ask of the API: with an API of their own, because they count.</summary>
public class RequestLimitTests(PostgresServer server)
{
    /// <summary>A request says itself where it comes from.</summary>
    const string From = "X-From";

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    async Task<ApiUnderTest> StartAsync(string key, int perMinute)
    {
        var api = new ApiUnderTest(server)
        {
            Settings = new Dictionary<string, string>(StringComparer.Ordinal) { [key] = $"{perMinute}" },
            Extend = app => app.Use((context, next) =>
            {
                if (context.Request.Headers[From] is [{ } address]) context.Connection.RemoteIpAddress = IPAddress.Parse(address);
                return next(context);
            }),
        };
        await api.InitializeAsync();
        return api;
    }

    [Fact]
    [Trait("Check", "O06")]
    public async Task Session_BeyondItsAllowance_WaitsWhileOthersGoOn()
    {
        await using var api = await StartAsync("Sessions:RequestsPerMinute", 60);
        var (busy, other) = (await api.SignInAsync("busy"), await api.SignInAsync("other"));
        var (answered, clock) = (0, System.Diagnostics.Stopwatch.StartNew());
        HttpResponseMessage refused;
        while ((refused = await busy.GetAsync("/api/v1/me")).StatusCode == HttpStatusCode.OK) (++answered).ShouldBeLessThan(1000);
        // All of a minute's at once, and one more for each second that went by.
        answered.ShouldBeInRange(60, 61 + (int)clock.Elapsed.TotalSeconds);

        refused.StatusCode.ShouldBe(HttpStatusCode.TooManyRequests);
        refused.Headers.RetryAfter!.ToString().ShouldBe("60");
        var problem = await refused.JsonAsync();
        problem.GetProperty("type").GetString().ShouldBe("/problems/too-many-requests");
        problem.GetProperty("detail").GetString().ShouldBe("This session has made more requests than the service takes in a minute. Wait a minute, then try again.");
        (await other.GetAsync("/api/v1/me")).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    [Trait("Check", "O06")]
    public async Task Session_ThatIsReadAnew_HasWhatIsLeftOfItsAllowance()
    {
        await using var api = await StartAsync("Sessions:RequestsPerMinute", 60);
        var busy = await api.SignInAsync("busy");
        var (answered, clock) = (0, System.Diagnostics.Stopwatch.StartNew());
        while (await busy.GetAsync("/api/v1/me") is { StatusCode: HttpStatusCode.OK })
        {
            (++answered).ShouldBeLessThan(1000);
            // Whatever is remembered of the session and its user is forgotten.
            if (answered % 20 == 0) await api.Database.ExecuteAsync($"UPDATE app.users SET name = 'Renamed {answered}' WHERE id = '{busy.User.Id}'");
        }
        answered.ShouldBeInRange(60, 61 + (int)clock.Elapsed.TotalSeconds);
    }

    [Theory]
    [Trait("Check", "O06")]
    [InlineData("203.0.113.7", "203.0.113.7", "203.0.113.8")]
    [InlineData("::ffff:203.0.113.7", "203.0.113.7", "::ffff:203.0.113.8")]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "2001:db8:1:3::1")]
    public async Task Address_ThatBringsTokensThatLeadNowhere_IsLookedAtNoMore_AndSessionsThereGoOn(string address, string same, string another)
    {
        await using var api = await StartAsync("Sessions:UnknownPerMinute", 10);
        var (known, ended) = (await api.SignInAsync("known"), await api.SignInAsync("ended"));
        (await AskAsync(known.Client, same)).StatusCode.ShouldBe(HttpStatusCode.OK);
        await api.Database.ExecuteAsync($"SELECT identity.end_session('{ended.Session.Id}', 'test')");
        await Wait.UntilAsync(async () => (await AskAsync(ended.Client, another)).StatusCode == HttpStatusCode.Unauthorized);

        // Some are made up, and some were good once.
        for (var i = 0; i < 9; i++) (await AskAsync(i % 2 == 0 ? ended.Client : api.With($"made.up.{i}"), address)).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        foreach (var stranger in new[] { ended.Client, api.With("made.up.too") })
        {
            HttpResponseMessage answer;
            var tries = 0;
            while ((answer = await AskAsync(stranger, address)).StatusCode == HttpStatusCode.Unauthorized) (++tries).ShouldBeLessThan(20);
            answer.StatusCode.ShouldBe(HttpStatusCode.TooManyRequests);
            (await answer.JsonAsync()).GetProperty("detail").GetString()!.ShouldStartWith("Too many requests from this address");
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
