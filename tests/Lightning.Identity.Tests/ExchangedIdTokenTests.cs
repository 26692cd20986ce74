using System.Net;
using Lightning.Identity.Secrets;
using Lightning.Testing;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Identity.Tests;

/// <summary>The checks of an ID token that is exchanged: OpenID Connect Core 1.0, 3.1.3.7.</summary>
public class ExchangedIdTokenTests(IdentityWithUpstream identity) : TokenExchangeTestBase(identity)
{
    [Theory, Trait("Check", "C08")]
    [InlineData("iss", "unknown issuer")]
    [InlineData("iss with a slash", "unknown issuer")]
    [InlineData("aud", "audience")]
    [InlineData("azp", "another party")]
    [InlineData("aud twice", "several audiences")]
    [InlineData("exp", "has expired")]
    [InlineData("no exp", "has expired")]
    [InlineData("iat", "ten minutes")]
    [InlineData("old iat", "ten minutes")]
    [InlineData("nonce", "nonce")]
    [InlineData("no nonce", "no nonce")]
    [InlineData("no sub", "has no subject")]
    [InlineData("long sub", "has no subject")]
    public async Task IdToken_WrongClaim_IsRefused(string fault, string why)
    {
        IdentityWithUpstream.Newcomer(Upstream, $"{Guid.NewGuid():N}@example.org");
        var honest = Upstream.IdToken;
        Upstream.IdToken = claims =>
        {
            honest(claims);
            UpstreamResponseTests.Falsify(claims, fault);
        };
        await IsRefusedAsync(await TokenAsync(), why);
    }

    [Theory, Trait("Check", "C08")]
    [InlineData("unsigned", "algorithm")]
    [InlineData("HS256 by the client's secret", "algorithm")]
    [InlineData("another key", "not signed by its issuer")]
    public async Task IdToken_InvalidSignature_IsRefused(string fault, string why)
    {
        IdentityWithUpstream.Newcomer(Upstream, $"{Guid.NewGuid():N}@example.org");
        (Upstream.WithoutSignature, Upstream.Signer) = (fault == "unsigned", UpstreamResponseTests.BadSigner(fault));
        await IsRefusedAsync(await TokenAsync(), why);
    }

    [Fact, Trait("Check", "C08")]
    public async Task IdToken_ChangedPayload_IsRefused()
    {
        IdentityWithUpstream.Newcomer(Upstream, "victim@example.org");
        var mine = (await TokenAsync()).Split('.');
        IdentityWithUpstream.Newcomer(Upstream, "thief@example.org");
        var theirs = (await TokenAsync()).Split('.');
        await IsRefusedAsync($"{theirs[0]}.{mine[1]}.{theirs[2]}", "not signed by its issuer");
    }

    [Theory]
    [InlineData("no token")]
    [InlineData("a.b.c")]
    [InlineData("e30.e30.")]
    public async Task SubjectToken_NotAToken_IsRefused(string text) => await IsRefusedAsync(text);

    [Fact]
    public async Task IdToken_IssuedToIdentityItself_IsRefused()
    {
        IdentityWithUpstream.Newcomer(Upstream, "itself@example.org");
        await IsRefusedAsync(Upstream.NewIdToken(await NonceAsync(), audience: FakeProvider.ClientId), "audience");
    }

    [Fact, Trait("Check", "C05")]
    public async Task IdToken_PresentedTwiceInParallel_IsAcceptedOnce()
    {
        IdentityWithUpstream.Newcomer(Upstream, "twice@example.org");
        var token = await TokenAsync();
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => ExchangeAsync(token)));
        answers.Count(answer => answer.Status == HttpStatusCode.OK).ShouldBe(1);
        answers
            .Where(answer => answer.Status != HttpStatusCode.OK)
            .ShouldAllBe(answer => answer.Error == "invalid_request");
    }

    [Fact, Trait("Check", "C05")]
    public async Task IdTokens_TwentyInParallelWithOneJti_AreAcceptedOnce()
    {
        IdentityWithUpstream.Newcomer(Upstream, "one-jti@example.org");
        var honest = Upstream.IdToken;
        Upstream.IdToken = claims =>
        {
            honest(claims);
            claims["jti"] = "of all of them";
        };
        var tokens = new List<string>();
        for (var number = 0; number < 20; number++)
            tokens.Add(await TokenAsync());
        var answers = await Task.WhenAll(tokens.Select(token => ExchangeAsync(token)));
        answers.Count(answer => answer.Status == HttpStatusCode.OK).ShouldBe(1);
        answers
            .Where(answer => answer.Status != HttpStatusCode.OK)
            .ShouldAllBe(answer => answer["error_description"] == "subject_token was used before.");
    }

    [Theory, Trait("Check", "C05")]
    [InlineData(
        """SELECT count(*) AS "Value" FROM identity.seen_tokens WHERE hash = {0}""",
        "INSERT INTO identity.seen_tokens (hash, expires_at) VALUES ({0}, now()) ON CONFLICT DO NOTHING"
    )]
    [InlineData(
        """SELECT count(*) AS "Value" FROM identity.authorizations WHERE handle_hash = {0} AND used_at IS NOT NULL""",
        "UPDATE identity.authorizations SET used_at = now() WHERE handle_hash = {0}"
    )]
    public async Task IdToken_TwentyInParallelWithReadBeforeWrite_IsCaught(string look, string write)
    {
        var hash = Secret.Hash(await NonceAsync());
        var (allHaveLooked, looking) = (new TaskCompletionSource(), 20);
        var wins = await Task.WhenAll(
            Enumerable
                .Range(0, 20)
                .Select(async _ =>
                {
                    await using var db = Identity.Database.ConnectAs("identity");
                    var used = (await db.Database.SqlQueryRaw<long>(look, hash).ToListAsync(Cancellation)).Single();
                    if (Interlocked.Decrement(ref looking) == 0)
                        allHaveLooked.SetResult();
                    await allHaveLooked.Task;
                    await db.Database.ExecuteSqlRawAsync(write, [hash], Cancellation);
                    return used == 0;
                })
        );
        wins.Count(win => win).ShouldBeGreaterThan(1);
    }

    [Fact]
    public async Task IdToken_RepeatedJti_IsRefused()
    {
        IdentityWithUpstream.Newcomer(Upstream, "jti@example.org");
        var honest = Upstream.IdToken;
        Upstream.IdToken = claims =>
        {
            honest(claims);
            claims["jti"] = "the same";
        };
        (await ExchangeAsync(await TokenAsync())).Status.ShouldBe(HttpStatusCode.OK);
        var again = await ExchangeAsync(await TokenAsync());
        again.Error.ShouldBe("invalid_request");
        again["error_description"]!.ShouldContain("used before");
    }

    [Theory, Trait("Check", "C05")]
    [InlineData("made up")]
    [InlineData("another client's")]
    [InlineData("too old")]
    public async Task Nonce_NotIssuedToClient_IsRefused(string fault)
    {
        IdentityWithUpstream.Newcomer(Upstream, $"{Guid.NewGuid():N}@example.org");
        var nonce = fault switch
        {
            "made up" => new string('n', 43),
            "another client's" => await NonceAsync("another-app"),
            _ => await NonceAsync(),
        };
        if (fault == "too old")
        {
            Identity.Clock.Advance(TimeSpan.FromMinutes(16));
            var (honest, now) = (Upstream.IdToken, Identity.Clock.GetUtcNow().ToUnixTimeSeconds());
            Upstream.IdToken = claims =>
            {
                honest(claims);
                (claims["iat"], claims["exp"]) = (now, now + 300);
            };
        }
        await IsRefusedAsync(Upstream.NewIdToken(nonce, audience: IdentityWithUpstream.AppAtUpstream), "nonce");
    }
}
