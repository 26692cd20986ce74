using System.Net;
using System.Text.Json;
using Lightning.Testing;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Identity.Tests;

/// <summary>Exchange of an upstream provider's ID token: RFC 8693.</summary>
public class TokenExchangeTests(IdentityWithUpstream identity) : TokenExchangeTestBase(identity)
{
    [Fact]
    public async Task Exchange_NewUserWithVerifiedEmail_CreatesAccountAndSession()
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
        JsonSerializer
            .Deserialize<JsonElement>(await userInfo.Content.ReadAsStringAsync(Cancellation))
            .GetProperty("email")
            .GetString()
            .ShouldBe("exchanged@example.org");

        await using var db = Identity.Database.Connect();
        var session = await db.Sessions.SingleAsync(session => session.Id == Guid.Parse(token["sid"]), Cancellation);
        session.Methods.ShouldBe(["fed"]);
        (await db.UserLogins.SingleAsync(login => login.UserId == session.UserId, Cancellation)).ProviderKey.ShouldBe(
            subject.ToString()
        );

        var refreshed = await App.RefreshAsync(answer["refresh_token"]!);
        refreshed.Status.ShouldBe(HttpStatusCode.OK);
        (await App.RefreshAsync(answer["refresh_token"]!)).Error.ShouldBe("invalid_grant");
        (await App.UserInfoAsync(refreshed["access_token"]!)).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Fact, Trait("Check", "C09")]
    public async Task Exchange_KnownUser_StartsAnotherSessionOfSameAccount()
    {
        IdentityWithUpstream.Newcomer(Upstream, "again@example.org");
        var first = new Claims((await ExchangeAsync(await TokenAsync()))["access_token"]!);
        var second = new Claims((await ExchangeAsync(await TokenAsync()))["access_token"]!);
        second["sub"].ShouldBe(first["sub"]);
        second["sid"].ShouldNotBe(first["sid"]);
    }

    [Fact, Trait("Check", "A26")]
    public async Task ExchangedSession_EndsByIdTokenHintNotBySid()
    {
        IdentityWithUpstream.Newcomer(Upstream, "leaves@example.org");
        var answer = await ExchangeAsync(await TokenAsync());
        var sid = new Claims(answer["access_token"]!)["sid"];
        await Identity.Visitor().GetAsync($"/connect/endsession?client_id=lightning-public&logout_hint={sid}");
        (await App.UserInfoAsync(answer["access_token"]!)).StatusCode.ShouldBe(HttpStatusCode.OK);
        await Identity.Visitor().GetAsync($"/connect/endsession?id_token_hint={answer["id_token"]}");
        (await App.UserInfoAsync(answer["access_token"]!)).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        (await App.RefreshAsync(answer["refresh_token"]!)).Error.ShouldBe("invalid_grant");
    }

    [Fact, Trait("Check", "C06")]
    public async Task Exchange_ProviderWithoutAcceptedAudiences_IsRefused()
    {
        IdentityWithUpstream.Newcomer(Identity.Other, "other@example.org");
        await IsRefusedAsync(Identity.Other.NewIdToken(await NonceAsync()), "unknown issuer");
    }

    [Theory, Trait("Check", "C11")]
    [InlineData(3600)]
    [InlineData(null)]
    public async Task ExchangedSession_AuthTime_ComesFromIdToken(int? secondsAgo)
    {
        IdentityWithUpstream.Newcomer(Upstream, $"{Guid.NewGuid():N}@example.org");
        var (honest, now) = (Upstream.IdToken, Identity.Clock.GetUtcNow().ToUnixTimeSeconds());
        Upstream.IdToken = claims =>
        {
            honest(claims);
            if (secondsAgo is { } ago)
                claims["auth_time"] = now - ago;
            else
                claims.Remove("auth_time");
        };
        var token = new Claims((await ExchangeAsync(await TokenAsync()))["access_token"]!);
        token.Number("auth_time").ShouldBe(secondsAgo is { } seconds ? now - seconds : 0);
    }

    [Fact, Trait("Check", "U15")]
    public async Task Exchange_EmailTaken_IsRefusedWithLinkInstructions()
    {
        var owner = await Identity.AddAccountAsync("exchange-owner");
        IdentityWithUpstream.Newcomer(Upstream, owner.Email);
        await IsRefusedAsync(await TokenAsync(), $"{People.Issuer}/account/logins");
        await using var db = Identity.Database.Connect();
        (await db.UserLogins.AnyAsync(login => login.UserId == owner.Id, Cancellation)).ShouldBeFalse();
    }

    [Theory, Trait("Check", "U15")]
    [InlineData(null, true)]
    [InlineData("unverified@example.org", false)]
    public async Task Exchange_UnverifiedEmail_CreatesNoAccount(string? email, bool verified)
    {
        IdentityWithUpstream.Newcomer(Upstream, email, verified);
        await IsRefusedAsync(await TokenAsync(), "email_verified");
    }

    [Theory]
    [InlineData("UPDATE app.users SET disabled_at = now() WHERE email = '{0}'", "disabled")]
    [InlineData("UPDATE identity.accounts SET two_factor_enabled = true WHERE email = '{0}'", "second factor")]
    public async Task Exchange_DisabledOrTwoFactorUser_IsRefused(string sql, string why)
    {
        var address = $"{Guid.NewGuid():N}@example.org";
        IdentityWithUpstream.Newcomer(Upstream, address);
        (await ExchangeAsync(await TokenAsync())).Status.ShouldBe(HttpStatusCode.OK);
        await Identity.Database.ExecuteAsync(
            string.Format(System.Globalization.CultureInfo.InvariantCulture, sql, address)
        );
        await IsRefusedAsync(await TokenAsync(), why);
    }

    [Theory]
    [InlineData("subject_token", null, "invalid_request")]
    [InlineData("subject_token_type", null, "invalid_request")]
    [InlineData("subject_token_type", "urn:ietf:params:oauth:token-type:access_token", "invalid_request")]
    [InlineData("actor_token", "someone", "invalid_request")]
    [InlineData("requested_token_type", "urn:ietf:params:oauth:token-type:saml2", "invalid_request")]
    [InlineData("audience", "another-api", "invalid_target")]
    [InlineData("resource", "https://api.example.com", "invalid_target")]
    [InlineData("scope", null, "invalid_scope")]
    [InlineData("scope", "openid admin", "invalid_scope")]
    public async Task Exchange_InvalidRequest_ReturnsProtocolError(string name, string? value, string error)
    {
        IdentityWithUpstream.Newcomer(Upstream, $"{Guid.NewGuid():N}@example.org");
        (await ExchangeAsync(await TokenAsync(), (name, value))).Error.ShouldBe(error);
    }

    [Fact, Trait("Check", "A10")]
    public async Task Exchange_ClientWithoutGrantType_GetsNeitherNonceNorToken()
    {
        var bff = Identity.Bff(Identity.Visitor());
        (await bff.PostAsync("/connect/nonce")).Error.ShouldBe("unauthorized_client");
        (await bff.PostAsync("/connect/token", ("grant_type", TokenExchange))).Error.ShouldBe("unauthorized_client");
    }
}
