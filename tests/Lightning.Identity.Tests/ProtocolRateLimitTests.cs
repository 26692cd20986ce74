using System.Net;
using Lightning.Testing;

namespace Lightning.Identity.Tests;

public sealed class IdentityWithTightLimits(PostgresServer server) : IdentityUnderTest(server)
{
    public const int PerNetwork = 40,
        PerClient = 90;

    protected override IEnumerable<(string Key, string Value)> Settings =>
        [("Identity:RequestsPerMinute", $"{PerNetwork}"), ("Identity:ClientRequestsPerMinute", $"{PerClient}")];
}

/// <summary>Each test exhausts a limit, so each has its own service.</summary>
public class ProtocolRateLimitTests(PostgresServer server) : IAsyncLifetime
{
    readonly IdentityWithTightLimits identity = new(server);

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => identity.InitializeAsync();

    [Fact]
    public async Task ClientSecret_Guessed_IsLimitedWithoutAffectingTheClient()
    {
        var bff = identity.Bff(identity.Visitor());
        var guesses = await CallAsync(
            IdentityWithTightLimits.PerNetwork + 20,
            () => bff.PostAsync("/connect/token", ("client_secret", "wrong"))
        );
        guesses
            .Count(answer => answer.Status == HttpStatusCode.Unauthorized)
            .ShouldBeInRange(IdentityWithTightLimits.PerNetwork, IdentityWithTightLimits.PerNetwork + 10);
        guesses.Where(answer => answer.Status != HttpStatusCode.Unauthorized).ShouldNotBeEmpty();
        guesses
            .Where(answer => answer.Status != HttpStatusCode.Unauthorized)
            .ShouldAllBe(answer =>
                answer.Status == HttpStatusCode.TooManyRequests && answer.Error == "temporarily_unavailable"
            );
        (await bff.RefreshAsync("x")).Error.ShouldBe("invalid_grant");
    }

    [Fact]
    public async Task PublicClient_TooManyRequests_GetsRetryAfter()
    {
        using var client = identity.BackChannel();
        using var refused = await RefusedAsync(() =>
            client.PostAsync(
                "/connect/token",
                new FormUrlEncodedContent([
                    new("client_id", "lightning-public"),
                    new("grant_type", "refresh_token"),
                    new("refresh_token", "x"),
                ]),
                Cancellation
            )
        );
        refused.Headers.RetryAfter!.Delta!.Value.ShouldBeGreaterThanOrEqualTo(TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task ConfidentialClient_HasItsOwnHigherLimit()
    {
        var (bff, admin) = (identity.Bff(identity.Visitor()), identity.Admin(identity.Visitor()));
        var answers = await CallAsync(IdentityWithTightLimits.PerClient + 40, () => bff.RefreshAsync("x"));
        answers
            .Count(answer => answer.Error == "invalid_grant")
            .ShouldBeGreaterThanOrEqualTo(IdentityWithTightLimits.PerClient);
        answers.ShouldContain(answer => answer.Status == HttpStatusCode.TooManyRequests);
        (await admin.RefreshAsync("x")).Error.ShouldBe("invalid_grant");
    }

    [Theory]
    [InlineData("/connect/par", "")]
    [InlineData("/connect/token", "authorization_code")]
    public async Task SignIns_Exhausted_LeaveRefreshesUnaffected(string path, string grantType)
    {
        var bff = identity.Bff(identity.Visitor());

        var answers = await CallAsync(
            IdentityWithTightLimits.PerClient + 40,
            () => bff.PostAsync(path, ("grant_type", grantType), ("code", "x"))
        );

        answers.ShouldContain(answer => answer.Status == HttpStatusCode.BadRequest);
        answers.ShouldContain(answer => answer.Status == HttpStatusCode.TooManyRequests);
        (await bff.RefreshAsync("x")).Error.ShouldBe("invalid_grant");
        (await bff.PostAsync("/connect/introspection", ("token", "x"))).Status.ShouldBe(HttpStatusCode.OK);
    }

    [Theory]
    [InlineData("/connect/authorize")]
    [InlineData("/connect/endsession?client_id=unknown-client")]
    public async Task Browser_TooManyRequests_ShowsErrorPage(string uri)
    {
        var visitor = identity.Visitor();
        using var refused = await RefusedAsync(() => visitor.GetAsync(uri));
        refused.Headers.RetryAfter.ShouldNotBeNull();
        (await refused.Content.ReadAsStringAsync(Cancellation)).ShouldContain("Too many attempts");
    }

    /// <summary>
    /// The first refused call of a network. The limit refills during the test, so a few more calls can succeed.
    /// </summary>
    static async Task<HttpResponseMessage> RefusedAsync(Func<Task<HttpResponseMessage>> call)
    {
        for (var answered = 0; ; answered++)
        {
            var answer = await call();
            if (answer.StatusCode == HttpStatusCode.TooManyRequests)
            {
                answered.ShouldBeGreaterThanOrEqualTo(IdentityWithTightLimits.PerNetwork);
                return answer;
            }
            answer.Dispose();
            answered.ShouldBeLessThan(IdentityWithTightLimits.PerNetwork + 5);
        }
    }

    static Task<Answer[]> CallAsync(int times, Func<Task<Answer>> call) =>
        Task.WhenAll(Enumerable.Range(0, times).Select(_ => call()));

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await identity.DisposeAsync();
    }
}
