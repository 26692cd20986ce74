using System.Net;
using Lightning.Identity.Secrets;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Identity.Tests;

public class CodeTests(IdentityUnderTest identity) : IClassFixture<IdentityUnderTest>
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    const int Parallel = 50;

    [Fact]
    public async Task Redeem_ValidCode_ReturnsTokensWithExpectedClaims()
    {
        var (user, visitor) = await identity.SignedInAsync("ada");
        var bff = identity.Bff(visitor);
        var answer = await bff.TokensAsync();
        answer.Status.ShouldBe(HttpStatusCode.OK);
        answer["token_type"].ShouldBe("Bearer");
        answer["expires_in"].ShouldBe("300");
        answer["scope"].ShouldBe(RelyingParty.FullScope);

        var access = new Claims(answer["access_token"]!);
        access.Header.GetProperty("typ").GetString().ShouldBe("at+jwt");
        access.Header.GetProperty("alg").GetString().ShouldBe("ES256");
        access.Names.ShouldBe(
            ["iss", "aud", "sub", "sid", "client_id", "scope", "jti", "iat", "exp", "auth_time", "amr"],
            ignoreOrder: true
        );
        access["aud"].ShouldBe("lightning-api");
        access["sub"].ShouldBe(user.Subject);
        (access.Number("exp") - access.Number("iat")).ShouldBe(300);

        var id = new Claims(answer["id_token"]!);
        id.Names.ShouldBe(
            [
                "iss",
                "sub",
                "aud",
                "exp",
                "iat",
                "auth_time",
                "nonce",
                "sid",
                "at_hash",
                "amr",
                "name",
                "email",
                "email_verified",
            ],
            ignoreOrder: true
        );
        id["aud"].ShouldBe("lightning-bff");
        id["nonce"].ShouldBe(bff.Nonce);
        id["email"].ShouldBe(user.Email);
        id.Payload.GetProperty("email_verified").GetBoolean().ShouldBeTrue();
        id.Payload.GetProperty("amr").EnumerateArray().Select(method => method.GetString()).ShouldBe(["pwd"]);
        id["sid"].ShouldBe(access["sid"]);
    }

    [Fact]
    public async Task Redeem_NarrowScope_GrantsOnlyThatScope()
    {
        var (_, visitor) = await identity.SignedInAsync("narrow");
        var answer = await identity.Bff(visitor).TokensAsync(("scope", "openid"));
        answer["refresh_token"].ShouldBeNull();
        new Claims(answer["id_token"]!).Names.ShouldNotContain("email");
        (await identity.Bff(visitor).UserInfoAsync(answer["access_token"]!)).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await identity.Native(visitor).TokensAsync(("scope", "lightning")))["id_token"].ShouldBeNull();
    }

    [Fact, Trait("Check", "A04")]
    public async Task Redeem_WrongOrMissingVerifier_IsRefused()
    {
        var (_, visitor) = await identity.SignedInAsync("bob");
        foreach (var verifier in new[] { null, "", "short", new string('a', 43), new string('a', 129) })
        {
            var native = identity.Native(visitor);
            (await native.RedeemAsync(await native.CodeAsync(), ("code_verifier", verifier))).Error.ShouldBe(
                "invalid_grant"
            );
        }
    }

    [Fact, Trait("Check", "A04"), Trait("Check", "A06")]
    public async Task Redeem_WrongVerifier_UsesUpTheCode()
    {
        var (user, visitor) = await identity.SignedInAsync("guesser");
        var bff = identity.Bff(visitor);
        var code = await bff.CodeAsync();

        var guessed = await bff.RedeemAsync(code, ("code_verifier", new string('a', 43)));
        var proved = await bff.RedeemAsync(code);

        guessed.Error.ShouldBe("invalid_grant");
        proved.Error.ShouldBe("invalid_grant");
        (await identity.IsActiveAsync(user.Id)).ShouldBeTrue("no token leaked");
    }

    [Fact, Trait("Check", "A06")]
    public async Task Redeem_FiftyInParallel_OneSucceedsAndIsRevoked()
    {
        var (user, visitor) = await identity.SignedInAsync("carol");
        var bff = identity.Bff(visitor);
        var code = await bff.CodeAsync();
        var answers = await Task.WhenAll(Enumerable.Range(0, Parallel).Select(_ => bff.RedeemAsync(code)));
        answers.Count(answer => answer.Status == HttpStatusCode.OK).ShouldBe(1);
        answers
            .Where(answer => answer.Status != HttpStatusCode.OK)
            .ShouldAllBe(answer => answer.Error == "invalid_grant");
        var won = answers.Single(answer => answer.Status == HttpStatusCode.OK);
        (await bff.RefreshAsync(won["refresh_token"]!)).Error.ShouldBe("invalid_grant");
        (await bff.UserInfoAsync(won["access_token"]!)).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        (await identity.IsActiveAsync(user.Id)).ShouldBeFalse();
        await using var db = identity.Database.Connect();
        (
            await db.AuditEntries.CountAsync(
                entry => entry.UserId == user.Id && entry.Action == "code-reused",
                Cancellation
            )
        ).ShouldBe(1);
    }

    [Fact, Trait("Check", "A06")]
    public async Task Redeem_FiftyInParallelWithReadBeforeWrite_IsCaught()
    {
        var (_, visitor) = await identity.SignedInAsync("broken");
        var hash = Secret.Hash(await identity.Bff(visitor).CodeAsync());
        var allHaveLooked = new TaskCompletionSource();
        var looking = Parallel;
        var wins = await Task.WhenAll(
            Enumerable
                .Range(0, Parallel)
                .Select(async _ =>
                {
                    await using var db = identity.Database.ConnectAs("identity");
                    var row = await db.AuthorizationHandles.SingleAsync(row => row.HandleHash == hash, Cancellation);
                    var unused = row.UsedAt is null;
                    if (Interlocked.Decrement(ref looking) == 0)
                        allHaveLooked.SetResult();
                    await allHaveLooked.Task;
                    row.UsedAt = DateTimeOffset.UtcNow;
                    await db.SaveChangesAsync(Cancellation);
                    return unused;
                })
        );
        wins.Count(win => win).ShouldBeGreaterThan(1);
    }

    [Fact, Trait("Check", "A06")]
    public async Task Redeem_SecondUse_RevokesFirstGrant()
    {
        var (user, visitor) = await identity.SignedInAsync("dave");
        var bff = identity.Bff(visitor);
        var code = await bff.CodeAsync();
        var first = await bff.RedeemAsync(code);
        (await bff.RedeemAsync(code)).Error.ShouldBe("invalid_grant");
        (await bff.RefreshAsync(first["refresh_token"]!)).Error.ShouldBe("invalid_grant");
        (await bff.UserInfoAsync(first["access_token"]!)).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        (await identity.IsActiveAsync(user.Id)).ShouldBeFalse();
    }

    [Fact, Trait("Check", "A07")]
    public async Task Redeem_AfterAMinute_IsRefused()
    {
        var (_, visitor) = await identity.SignedInAsync("erin");
        var bff = identity.Bff(visitor);
        var (early, late) = (await bff.CodeAsync(), await bff.CodeAsync());
        identity.Clock.Advance(TimeSpan.FromSeconds(59));
        (await bff.RedeemAsync(early)).Status.ShouldBe(HttpStatusCode.OK);
        identity.Clock.Advance(TimeSpan.FromSeconds(1));
        (await bff.RedeemAsync(late)).Error.ShouldBe("invalid_grant");
    }

    [Fact, Trait("Check", "A06"), Trait("Check", "A08")]
    public async Task Redeem_ByAnotherClient_IsRefusedAndKeepsCodeValid()
    {
        var (user, visitor) = await identity.SignedInAsync("frank");
        var bff = identity.Bff(visitor);
        var code = await bff.CodeAsync();
        async Task<string?> RedeemByAnotherAsync() =>
            (
                await identity
                    .Admin(visitor)
                    .RedeemAsync(
                        code,
                        ("redirect_uri", "http://localhost:5100/bff/signin-oidc"),
                        ("code_verifier", bff.Verifier)
                    )
            ).Error;

        (await RedeemByAnotherAsync()).ShouldBe("invalid_grant");
        var redeemed = await bff.RedeemAsync(code);
        (await RedeemByAnotherAsync()).ShouldBe("invalid_grant");

        redeemed.Status.ShouldBe(HttpStatusCode.OK);
        (await identity.IsActiveAsync(user.Id)).ShouldBeTrue("only a second use by its own client ends the session");
        (await bff.UserInfoAsync(redeemed["access_token"]!)).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Theory, Trait("Check", "A08")]
    [InlineData("http://localhost:5103/signin-oidc")]
    [InlineData("http://localhost:5100/bff/Signin-oidc")]
    [InlineData("http://localhost:5100/bff/signin-oidc/")]
    [InlineData(null)]
    public async Task Redeem_DifferentRedirectUri_IsRefused(string? redirectUri)
    {
        var (_, visitor) = await identity.SignedInAsync($"grace{redirectUri?.Length}");
        var bff = identity.Bff(visitor);
        (await bff.RedeemAsync(await bff.CodeAsync(), ("redirect_uri", redirectUri))).Error.ShouldBe("invalid_grant");
    }

    [Fact, Trait("Check", "A16")]
    public async Task Redeem_WhileSessionEnds_LeavesNoActiveToken()
    {
        var (random, given) = (new Random(20261122), 0);
        for (var meeting = 0; meeting < 25; meeting++)
        {
            var (user, visitor) = await identity.SignedInAsync($"meeting{meeting}");
            var bff = identity.Bff(visitor);
            var code = await bff.CodeAsync();
            var delay = TimeSpan.FromMilliseconds(random.Next(0, 12));
            var redeeming = bff.RedeemAsync(code);
            await Task.Delay(delay, Cancellation);
            var ending = identity.Database.ExecuteAsync($"SELECT identity.end_user_sessions('{user.Id}', 'test')");
            await Task.WhenAll(redeeming, ending);
            (await LivingAsync(user.Id)).ShouldBe(0, $"meeting {meeting}, the end {delay} later");
            var answer = await redeeming;
            if (answer.Status != HttpStatusCode.OK)
                continue;
            given++;
            (await bff.RefreshAsync(answer["refresh_token"]!)).Error.ShouldBe("invalid_grant");
            (await bff.UserInfoAsync(answer["access_token"]!)).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
            // A client that got tokens receives a logout token, because the end of the session saw its grant.
            (
                await identity.Database.ExecuteAsync(
                    $"SELECT count(*) FROM identity.outbox WHERE kind = 'logout' AND convert_from(payload, 'UTF8') "
                        + $"LIKE '%{new Claims(answer["access_token"]!)["sid"]}%'"
                )
            ).ShouldBe(1L);
        }
        given.ShouldBeLessThan(25, "the session never ended first, so there was no race");
    }

    [Fact, Trait("Check", "A16")]
    public async Task Redeem_WhileSessionEndsWithoutLock_IsCaught()
    {
        var (user, visitor) = await identity.SignedInAsync("meeting-broken");
        await identity.Bff(visitor).CodeAsync();
        await using (var db = identity.Database.ConnectAs("identity"))
        {
            await using var transaction = await db.Database.BeginTransactionAsync(Cancellation);
            var session = await db.Sessions.SingleAsync(
                session => session.UserId == user.Id && session.EndedAt == null,
                Cancellation
            );
            await identity.Database.ExecuteAsync($"SELECT identity.end_session('{session.Id}', 'test')");
            db.RefreshTokens.Add(
                new()
                {
                    TokenHash = Secret.Hash(Secret.Create()),
                    Family = Guid.NewGuid(),
                    ClientId = "lightning-bff",
                    SessionId = session.Id,
                    Scope = "openid offline_access",
                    CreatedAt = session.CreatedAt,
                    ExpiresAt = session.EndsAt,
                    FamilyEndsAt = session.EndsAt,
                }
            );
            await db.SaveChangesAsync(Cancellation);
            await transaction.CommitAsync(Cancellation);
        }
        (await LivingAsync(user.Id)).ShouldBeGreaterThan(0);
    }

    /// <summary>Refresh tokens of a user's ended sessions that are not revoked.</summary>
    async Task<int> LivingAsync(Guid userId)
    {
        await using var db = identity.Database.Connect();
        return await db.RefreshTokens.CountAsync(
            token => token.Session!.UserId == userId && token.Session.EndedAt != null && token.RevokedAt == null,
            Cancellation
        );
    }

    [Fact]
    public async Task Redeem_SessionEnded_IsRefused()
    {
        var (user, visitor) = await identity.SignedInAsync("heidi");
        var bff = identity.Bff(visitor);
        var code = await bff.CodeAsync();
        await identity.Database.ExecuteAsync($"SELECT identity.end_user_sessions('{user.Id}', 'test')");
        (await bff.RedeemAsync(code)).Error.ShouldBe("invalid_grant");
    }
}
