using System.Net;
using System.Text.Json;
using Lightning.Identity.Tokens;
using Lightning.Testing;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Identity.Tests;

/// <summary>An upstream provider's ID token for tokens of ours: RFC 8693.</summary>
public class TokenExchangeTests(IdentityWithUpstream identity) : IClassFixture<IdentityWithUpstream>, IDisposable
{
    const string TokenExchange = "urn:ietf:params:oauth:grant-type:token-exchange";

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    FakeProvider Upstream => identity.Upstream;

    RelyingParty App => identity.Native(identity.Visitor());

    [Fact]
    public async Task Newcomer_WithAProvedAddress_GetsTokensOfASessionOfTheirOwn()
    {
        var subject = IdentityWithUpstream.Newcomer(Upstream, "exchanged@example.org");
        var answer = await ExchangeAsync(await TokenAsync());
        answer.Status.ShouldBe(HttpStatusCode.OK, answer.Body.ToString());
        answer["issued_token_type"].ShouldBe("urn:ietf:params:oauth:token-type:access_token");
        answer["token_type"].ShouldBe("Bearer");
        var token = new Claims(answer["access_token"]!);
        token["client_id"].ShouldBe("lightning-public");
        token.Payload.GetProperty("amr").EnumerateArray().Select(value => value.GetString()).ShouldBe(["fed"]);
        using var userInfo = await App.UserInfoAsync(answer["access_token"]!);
        JsonSerializer.Deserialize<JsonElement>(await userInfo.Content.ReadAsStringAsync(Cancellation)).GetProperty("email").GetString().ShouldBe("exchanged@example.org");

        await using var db = identity.Database.Connect();
        var session = await db.Sessions.SingleAsync(session => session.Id == Guid.Parse(token["sid"]), Cancellation);
        session.Methods.ShouldBe(["fed"]);
        (await db.UserLogins.SingleAsync(login => login.UserId == session.UserId, Cancellation)).ProviderKey.ShouldBe(subject.ToString());

        var refreshed = await App.RefreshAsync(answer["refresh_token"]!);
        refreshed.Status.ShouldBe(HttpStatusCode.OK);
        (await App.RefreshAsync(answer["refresh_token"]!)).Error.ShouldBe("invalid_grant");
        (await App.UserInfoAsync(refreshed["access_token"]!)).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Fact, Trait("Check", "C09")]
    public async Task SomebodyKnown_GetsAnotherSession_AndNoOtherAccount()
    {
        IdentityWithUpstream.Newcomer(Upstream, "again@example.org");
        var first = new Claims((await ExchangeAsync(await TokenAsync()))["access_token"]!);
        var second = new Claims((await ExchangeAsync(await TokenAsync()))["access_token"]!);
        second["sub"].ShouldBe(first["sub"]);
        second["sid"].ShouldNotBe(first["sid"]);
    }

    [Fact, Trait("Check", "A26")]
    public async Task SessionOfAnExchange_WhichHasNoCookie_EndsByItsIdTokenAndNotByItsSidAlone()
    {
        IdentityWithUpstream.Newcomer(Upstream, "leaves@example.org");
        var answer = await ExchangeAsync(await TokenAsync());
        var sid = new Claims(answer["access_token"]!)["sid"];
        await identity.Visitor().GetAsync($"/connect/endsession?client_id=lightning-public&logout_hint={sid}");
        (await App.UserInfoAsync(answer["access_token"]!)).StatusCode.ShouldBe(HttpStatusCode.OK);
        await identity.Visitor().GetAsync($"/connect/endsession?id_token_hint={answer["id_token"]}");
        (await App.UserInfoAsync(answer["access_token"]!)).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        (await App.RefreshAsync(answer["refresh_token"]!)).Error.ShouldBe("invalid_grant");
    }

    [Theory, Trait("Check", "C08")]
    [InlineData("iss", "no provider")]
    [InlineData("iss with a slash", "no provider")]
    [InlineData("aud", "audience")]
    [InlineData("azp", "another party")]
    [InlineData("aud twice", "several audiences")]
    [InlineData("exp", "has ended")]
    [InlineData("no exp", "has ended")]
    [InlineData("iat", "ten minutes")]
    [InlineData("old iat", "ten minutes")]
    [InlineData("nonce", "nonce")]
    [InlineData("no nonce", "no nonce")]
    [InlineData("no sub", "names nobody")]
    [InlineData("long sub", "names nobody")]
    public async Task IdToken_WithAClaimThatIsWrong_IsRefused(string fault, string why)
    {
        IdentityWithUpstream.Newcomer(Upstream, $"{Guid.NewGuid():N}@example.org");
        var honest = Upstream.IdToken;
        Upstream.IdToken = claims => { honest(claims); UpstreamAnswerTests.Falsify(claims, fault); };
        await IsRefusedAsync(await TokenAsync(), why);
    }

    [Theory, Trait("Check", "C08")]
    [InlineData("unsigned", "algorithm")]
    [InlineData("HS256 by the client's secret", "algorithm")]
    [InlineData("another key", "not signed by its issuer")]
    public async Task IdToken_SignedByNobodyWhoMay_IsRefused(string fault, string why)
    {
        IdentityWithUpstream.Newcomer(Upstream, $"{Guid.NewGuid():N}@example.org");
        (Upstream.WithoutSignature, Upstream.Signer) = (fault == "unsigned", UpstreamAnswerTests.BadSigner(fault));
        await IsRefusedAsync(await TokenAsync(), why);
    }

    [Fact, Trait("Check", "C08")]
    public async Task IdToken_WhosePayloadWasChanged_IsRefused()
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
    public async Task WhatIsNoToken_IsRefused(string text) => await IsRefusedAsync(text);

    [Fact, Trait("Check", "C06")]
    public async Task ProviderWithoutAcceptedAudiences_IsNotExchangedAtAll()
    {
        IdentityWithUpstream.Newcomer(identity.Other, "other@example.org");
        await IsRefusedAsync(identity.Other.NewIdToken(await NonceAsync()), "no provider");
    }

    [Fact]
    public async Task TokenMadeForIdentityItself_IsRefused_ForTheAppIsAnotherPartyThere()
    {
        IdentityWithUpstream.Newcomer(Upstream, "itself@example.org");
        await IsRefusedAsync(Upstream.NewIdToken(await NonceAsync(), audience: FakeProvider.ClientId), "audience");
    }

    [Fact, Trait("Check", "C05")]
    public async Task IdToken_PresentedTwiceAtOnce_IsTakenOnce()
    {
        IdentityWithUpstream.Newcomer(Upstream, "twice@example.org");
        var token = await TokenAsync();
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => ExchangeAsync(token)));
        answers.Count(answer => answer.Status == HttpStatusCode.OK).ShouldBe(1);
        answers.Where(answer => answer.Status != HttpStatusCode.OK).ShouldAllBe(answer => answer.Error == "invalid_request");
    }

    [Fact, Trait("Check", "C05")]
    public async Task IdTokens_TwentyAtOnceOfOneJti_EachWithANonceOfItsOwn_AreTakenOnce()
    {
        IdentityWithUpstream.Newcomer(Upstream, "one-jti@example.org");
        var honest = Upstream.IdToken;
        Upstream.IdToken = claims => { honest(claims); claims["jti"] = "of all of them"; };
        var tokens = new List<string>();
        for (var number = 0; number < 20; number++) tokens.Add(await TokenAsync());
        var answers = await Task.WhenAll(tokens.Select(token => ExchangeAsync(token)));
        answers.Count(answer => answer.Status == HttpStatusCode.OK).ShouldBe(1);
        answers.Where(answer => answer.Status != HttpStatusCode.OK).ShouldAllBe(answer => answer["error_description"] == "subject_token was used before.");
    }

    [Theory, Trait("Check", "C05")]
    [InlineData("""SELECT count(*) AS "Value" FROM identity.seen_tokens WHERE hash = {0}""", "INSERT INTO identity.seen_tokens (hash, expires_at) VALUES ({0}, now()) ON CONFLICT DO NOTHING")]
    [InlineData("""SELECT count(*) AS "Value" FROM identity.authorizations WHERE handle_hash = {0} AND used_at IS NOT NULL""", "UPDATE identity.authorizations SET used_at = now() WHERE handle_hash = {0}")]
    public async Task IdToken_TwentyAtOnceOfABrokenKindThatLooksBeforeItWrites_IsCaught(string look, string write)
    {
        var hash = Secrets.Hash(await NonceAsync());
        var (allHaveLooked, looking) = (new TaskCompletionSource(), 20);
        var wins = await Task.WhenAll(Enumerable.Range(0, 20).Select(async _ =>
        {
            await using var db = identity.Database.ConnectAs("identity");
            var used = (await db.Database.SqlQueryRaw<long>(look, hash).ToListAsync(Cancellation)).Single();
            if (Interlocked.Decrement(ref looking) == 0) allHaveLooked.SetResult();
            await allHaveLooked.Task;
            await db.Database.ExecuteSqlRawAsync(write, [hash], Cancellation);
            return used == 0;
        }));
        wins.Count(win => win).ShouldBeGreaterThan(1);
    }

    [Theory, Trait("Check", "C11")]
    [InlineData(3600)]
    [InlineData(null)]
    public async Task Session_OfAnExchange_IsProvedWhenTheIdTokenSays_AndLongAgoWhereItSaysNothing(int? secondsAgo)
    {
        IdentityWithUpstream.Newcomer(Upstream, $"{Guid.NewGuid():N}@example.org");
        var (honest, now) = (Upstream.IdToken, identity.Clock.GetUtcNow().ToUnixTimeSeconds());
        Upstream.IdToken = claims =>
        {
            honest(claims);
            if (secondsAgo is { } ago) claims["auth_time"] = now - ago;
            else claims.Remove("auth_time");
        };
        var token = new Claims((await ExchangeAsync(await TokenAsync()))["access_token"]!);
        token.Number("auth_time").ShouldBe(secondsAgo is { } seconds ? now - seconds : 0);
    }

    [Fact]
    public async Task IdToken_WithTheSameJti_IsTakenOnce_WhateverItsNonce()
    {
        IdentityWithUpstream.Newcomer(Upstream, "jti@example.org");
        var honest = Upstream.IdToken;
        Upstream.IdToken = claims => { honest(claims); claims["jti"] = "the same"; };
        (await ExchangeAsync(await TokenAsync())).Status.ShouldBe(HttpStatusCode.OK);
        var again = await ExchangeAsync(await TokenAsync());
        again.Error.ShouldBe("invalid_request");
        again["error_description"]!.ShouldContain("used before");
    }

    [Theory, Trait("Check", "C05")]
    [InlineData("made up")]
    [InlineData("another client's")]
    [InlineData("too old")]
    public async Task Nonce_ThatThisClientDidNotGetHere_IsRefused(string fault)
    {
        IdentityWithUpstream.Newcomer(Upstream, $"{Guid.NewGuid():N}@example.org");
        var nonce = fault switch { "made up" => new string('n', 43), "another client's" => await NonceAsync("another-app"), _ => await NonceAsync() };
        if (fault == "too old")
        {
            identity.Clock.Advance(TimeSpan.FromMinutes(16));
            var (honest, now) = (Upstream.IdToken, identity.Clock.GetUtcNow().ToUnixTimeSeconds());
            Upstream.IdToken = claims => { honest(claims); (claims["iat"], claims["exp"]) = (now, now + 300); };
        }
        await IsRefusedAsync(Upstream.NewIdToken(nonce, audience: IdentityWithUpstream.AppAtUpstream), "nonce");
    }

    [Fact, Trait("Check", "U15")]
    public async Task AddressOfAnotherAccount_IsRefused_AndTheAnswerSaysHowToLink()
    {
        var owner = await identity.AddAccountAsync("exchange-owner");
        IdentityWithUpstream.Newcomer(Upstream, owner.Email);
        await IsRefusedAsync(await TokenAsync(), $"{People.Issuer}/account/logins");
        await using var db = identity.Database.Connect();
        (await db.UserLogins.AnyAsync(login => login.UserId == owner.Id, Cancellation)).ShouldBeFalse();
    }

    [Theory, Trait("Check", "U15")]
    [InlineData(null, true)]
    [InlineData("unverified@example.org", false)]
    public async Task AddressThatIsNotProved_MakesNoAccount(string? email, bool verified)
    {
        IdentityWithUpstream.Newcomer(Upstream, email, verified);
        await IsRefusedAsync(await TokenAsync(), "email_verified");
    }

    [Theory]
    [InlineData("UPDATE app.users SET disabled_at = now() WHERE email = '{0}'", "disabled")]
    [InlineData("UPDATE identity.accounts SET two_factor_enabled = true WHERE email = '{0}'", "second step")]
    public async Task SomebodyKnown_WhoMayNotComeInThisWay_IsRefused(string sql, string why)
    {
        var address = $"{Guid.NewGuid():N}@example.org";
        IdentityWithUpstream.Newcomer(Upstream, address);
        (await ExchangeAsync(await TokenAsync())).Status.ShouldBe(HttpStatusCode.OK);
        await identity.Database.ExecuteAsync(string.Format(System.Globalization.CultureInfo.InvariantCulture, sql, address));
        await IsRefusedAsync(await TokenAsync(), why);
    }

    [Theory]
    [InlineData("subject_token", null, "invalid_request")]
    [InlineData("subject_token_type", null, "invalid_request")]
    [InlineData("subject_token_type", "urn:ietf:params:oauth:token-type:access_token", "invalid_request")]
    [InlineData("actor_token", "somebody", "invalid_request")]
    [InlineData("requested_token_type", "urn:ietf:params:oauth:token-type:saml2", "invalid_request")]
    [InlineData("audience", "another-api", "invalid_target")]
    [InlineData("resource", "https://api.example.com", "invalid_target")]
    [InlineData("scope", null, "invalid_scope")]
    [InlineData("scope", "openid admin", "invalid_scope")]
    public async Task Request_ThatIsNone_IsRefusedInTheProtocolsWords(string name, string? value, string error)
    {
        IdentityWithUpstream.Newcomer(Upstream, $"{Guid.NewGuid():N}@example.org");
        (await ExchangeAsync(await TokenAsync(), (name, value))).Error.ShouldBe(error);
    }

    [Fact, Trait("Check", "A10")]
    public async Task ClientWithoutTheGrant_GetsNeitherNonceNorToken()
    {
        var bff = identity.Bff(identity.Visitor());
        (await bff.PostAsync("/connect/nonce")).Error.ShouldBe("unauthorized_client");
        (await bff.PostAsync("/connect/token", ("grant_type", TokenExchange))).Error.ShouldBe("unauthorized_client");
    }

    async Task IsRefusedAsync(string token, string? why = null)
    {
        await using var db = identity.Database.Connect();
        var before = (await db.Sessions.CountAsync(Cancellation), await db.Accounts.CountAsync(Cancellation));
        var answer = await ExchangeAsync(token);
        answer.Status.ShouldBe(HttpStatusCode.BadRequest);
        answer.Error.ShouldBe("invalid_request");
        if (why is not null) answer["error_description"]!.ShouldContain(why);
        (await db.Sessions.CountAsync(Cancellation), await db.Accounts.CountAsync(Cancellation)).ShouldBe(before);
    }

    async Task<string> TokenAsync() => Upstream.NewIdToken(await NonceAsync(), audience: IdentityWithUpstream.AppAtUpstream);

    async Task<string> NonceAsync(string clientId = "lightning-public") => (await App.PostAsync("/connect/nonce", ("client_id", clientId)))["nonce"]!;

    Task<Answer> ExchangeAsync(string token, params (string Name, string? Value)[] changes) => App.PostAsync("/connect/token",
        [("grant_type", TokenExchange), ("subject_token", token), ("subject_token_type", "urn:ietf:params:oauth:token-type:id_token"), ("scope", RelyingParty.FullScope), .. changes]);

    /// <summary>The next test's provider is honest again.</summary>
    public void Dispose()
    {
        GC.SuppressFinalize(this);
        (Upstream.WithoutSignature, Upstream.Signer) = (false, null);
    }
}
