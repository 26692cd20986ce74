using System.Net;
using Lightning.Testing;
using Microsoft.AspNetCore.WebUtilities;
using Npgsql;

namespace Lightning.Identity.Tests;

public class PushedRequestTests(IdentityUnderTest identity) : IClassFixture<IdentityUnderTest>
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact, Trait("Check", "A19")]
    public async Task Push_ReturnsUnguessableSingleUseRequestUri()
    {
        var (_, visitor) = await identity.SignedInAsync("ada");
        var bff = identity.Bff(visitor);
        var pushed = await bff.PushAsync();
        pushed.Status.ShouldBe(HttpStatusCode.Created);
        pushed["expires_in"].ShouldBe("60");
        pushed["request_uri"]!.ShouldStartWith("urn:ietf:params:oauth:request_uri:");
        // The trace can follow.
        WebEncoders.Base64UrlDecode(pushed["request_uri"]!.Split(':')[^1].Split('.')[0]).Length.ShouldBe(32);

        using var first = await visitor.GetAsync(Url(bff, pushed));
        var answer = RelyingParty.Callback(first);
        answer["state"].ShouldBe("the state");
        (await bff.RedeemAsync(answer["code"])).Status.ShouldBe(HttpStatusCode.OK);
        using var second = await visitor.GetAsync(Url(bff, pushed));
        second.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        second.Headers.Location.ShouldBeNull();
    }

    [Fact, Trait("Check", "A19")]
    public async Task PushedRequest_ParametersInTheBrowser_AreIgnored()
    {
        var (_, visitor) = await identity.SignedInAsync("bob");
        var bff = identity.Bff(visitor);
        var pushed = await bff.PushAsync();
        using var response = await visitor.GetAsync(
            Url(bff, pushed) + "&scope=openid&state=another&redirect_uri=https%3A%2F%2Fevil.example"
        );
        RelyingParty.Callback(response)["state"].ShouldBe("the state");
        response.Headers.Location!.Authority.ShouldBe("localhost:5100");
    }

    [Theory, Trait("Check", "A19")]
    [InlineData("client_secret", "wrong", "invalid_client")]
    [InlineData("client_secret", null, "invalid_client")]
    [InlineData("request_uri", "urn:ietf:params:oauth:request_uri:x", "invalid_request")]
    [InlineData("redirect_uri", "https://evil.example/", "invalid_request")]
    [InlineData("code_challenge", null, "invalid_request")]
    [InlineData("code_challenge_method", "plain", "invalid_request")]
    [InlineData("response_type", "token", "unsupported_response_type")]
    [InlineData("scope", "openid admin", "invalid_scope")]
    [InlineData("request", "eyJ.e30.", "request_not_supported")]
    public async Task Push_InvalidRequest_IsRefused(string name, string? value, string error) =>
        (await identity.Bff(identity.Visitor()).PushAsync((name, value))).Error.ShouldBe(error);

    [Fact, Trait("Check", "A19")]
    public async Task PushedRequest_OfAnotherClient_IsRefused()
    {
        var (_, visitor) = await identity.SignedInAsync("carol");
        var pushed = await identity.Bff(visitor).PushAsync();
        using var foreign = await visitor.GetAsync(Url(identity.Admin(visitor), pushed));
        foreign.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        using var own = await visitor.GetAsync(Url(identity.Bff(visitor), pushed));
        own.StatusCode.ShouldBe(HttpStatusCode.SeeOther);
    }

    [Fact, Trait("Check", "A19")]
    public async Task PushedRequest_AfterAMinute_IsRefused()
    {
        var (_, visitor) = await identity.SignedInAsync("dave");
        var bff = identity.Bff(visitor);
        var pushed = await bff.PushAsync();
        identity.Clock.Advance(TimeSpan.FromSeconds(60));
        using var response = await visitor.GetAsync(Url(bff, pushed));
        response.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).ShouldContain(
            IdentityUnderTest.App
        );
    }

    [Fact, Trait("Check", "A19")]
    public async Task PushedRequest_UsedTwentyTimesInParallel_GivesOneCode()
    {
        var (_, visitor) = await identity.SignedInAsync("erin");
        var bff = identity.Bff(visitor);
        var url = Url(bff, await bff.PushAsync());
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => visitor.GetAsync(url)));
        answers.Count(answer => answer.StatusCode == HttpStatusCode.SeeOther).ShouldBe(1);
    }

    [Fact, Trait("Check", "A19")]
    public async Task PushedRequest_UsedBetweenReadingAndUse_IsRefused()
    {
        var (_, visitor) = await identity.SignedInAsync("late");
        var bff = identity.Bff(visitor);
        var url = Url(bff, await bff.PushAsync());
        await using var first = new NpgsqlConnection(identity.Database.ConnectionString);
        await first.OpenAsync(Cancellation);
        await using var transaction = await first.BeginTransactionAsync(Cancellation);
        await using var use = new NpgsqlCommand(
            "UPDATE identity.authorizations SET used_at = now() WHERE kind = 'Request' AND used_at IS NULL",
            first,
            transaction
        );
        (await use.ExecuteNonQueryAsync(Cancellation)).ShouldBeGreaterThan(0);

        // The second use has read the request as unused, and waits for the first to commit.
        var second = visitor.GetAsync(url);
        await Wait.UntilAsync(async () =>
            (bool)
                (
                    await identity.Database.ExecuteAsync(
                        "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() "
                            + "AND wait_event_type = 'Lock')"
                    )
                )!
        );
        await transaction.CommitAsync(Cancellation);

        using var answer = await second;
        answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        answer.Headers.Location.ShouldBeNull();
    }

    static string Url(RelyingParty client, Answer pushed) =>
        $"/connect/authorize?client_id={client.ClientId}&request_uri={Uri.EscapeDataString(pushed["request_uri"]!)}";
}
