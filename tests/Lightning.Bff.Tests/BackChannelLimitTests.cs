using System.Net;
using Lightning.Testing;

namespace Lightning.Bff.Tests;

/// <summary>Limits of the back channel. Each test counts requests, so it has its own provider and BFF.</summary>
public sealed class BackChannelLimitTests(PostgresServer server) : IAsyncLifetime
{
    readonly BffUnderTest bff = new(server);

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => bff.InitializeAsync();

    public ValueTask DisposeAsync() => bff.DisposeAsync();

    async Task<HttpResponseMessage> PostAsync(string token)
    {
        using var client = new HttpClient { BaseAddress = bff.Address };
        using var form = new FormUrlEncodedContent([KeyValuePair.Create("logout_token", token)]);
        return await client.PostAsync("/bff/backchannel", form, Cancellation);
    }

    string Token(string? keyId = null) =>
        bff.Provider.LogoutToken(
            bff.Clock.GetUtcNow(),
            token =>
            {
                if (keyId is not null)
                    (token.SigningCredentials = bff.Provider.ForgedKey).Key.KeyId = keyId;
            }
        );

    [Fact]
    [Trait("Check", "L01")]
    public async Task Logout_NewSigningKey_IsFetchedOnceAndAccepted()
    {
        using var ada = await bff.SignInAsync();
        var before = bff.Provider.KeyFetches;
        bff.Provider.RollKeyOver();

        (await PostAsync(Token())).StatusCode.ShouldBe(HttpStatusCode.OK);

        (await ada.StatusOfAsync()).ShouldBe(HttpStatusCode.Unauthorized);
        (bff.Provider.KeyFetches - before).ShouldBe(1);
    }

    [Fact]
    [Trait("Check", "L01")]
    public async Task Logout_ManyUnknownKeyIds_RefreshTheMetadataOnce()
    {
        using var ada = await bff.SignInAsync();
        var before = bff.Provider.KeyFetches;

        var answers = await Task.WhenAll(Enumerable.Range(0, 25).Select(i => PostAsync(Token($"made-up-{i}"))));

        answers.ShouldAllBe(answer => answer.StatusCode == HttpStatusCode.BadRequest);
        (bff.Provider.KeyFetches - before).ShouldBe(1);
        (await PostAsync(Token())).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Logout_ProviderUnavailable_Is503_AndTheTokenMayBeRetried()
    {
        var token = Token();
        await bff.Provider.DisposeAsync();

        var answer = await PostAsync(token);

        answer.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        answer.Headers.RetryAfter.ShouldNotBeNull();
        (await bff.Database.ExecuteAsync("SELECT count(*) FROM identity.seen_tokens")).ShouldBe(0L);
    }

    [Fact]
    public async Task Logout_ManyInvalidTokens_AreLimited_ManyValidOnesAreNot()
    {
        await bff.AddPersonAsync();
        for (var i = 0; i < 40; i++)
            (await PostAsync(Token())).StatusCode.ShouldBe(HttpStatusCode.OK);

        HttpStatusCode status;
        var refused = 0;
        do status = (await PostAsync("nonsense")).StatusCode;
        while (status == HttpStatusCode.BadRequest && ++refused < 200);

        status.ShouldBe(HttpStatusCode.TooManyRequests);
        refused.ShouldBeInRange(30, 60);
    }
}
