using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Lightning.Data.Authorizations;
using Lightning.Testing;
using Microsoft.EntityFrameworkCore;
using Microsoft.IdentityModel.Tokens;

namespace Lightning.Bff.Tests;

/// <summary>OpenID Connect Back-Channel Logout 1.0, as the provider calls it.</summary>
public sealed class BackChannelTests(BffUnderTest bff) : IClassFixture<BffUnderTest>
{
    const string Path = "/bff/backchannel";
    const string Event = "http://schemas.openid.net/event/backchannel-logout";

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    string Token(SignedIn person, Action<SecurityTokenDescriptor>? change = null) =>
        bff.Provider.LogoutToken(
            bff.Clock.GetUtcNow(),
            token =>
            {
                (token.Claims["sub"], token.Claims["sid"]) = (person.User.Subject, person.Session.Id.ToString());
                change?.Invoke(token);
            }
        );

    static async Task<Answer> PostAsync(Uri address, HttpContent content)
    {
        using var client = new HttpClient { BaseAddress = address };
        using var response = await client.PostAsync(Path, content, Cancellation);
        response.Headers.CacheControl?.NoStore.ShouldBe(true);
        return new Answer(response.StatusCode, await response.Content.ReadAsStringAsync(Cancellation));
    }

    static Task<Answer> PostAsync(Uri address, params string[] tokens) =>
        PostAsync(
            address,
            new FormUrlEncodedContent(tokens.Select(token => KeyValuePair.Create("logout_token", token)))
        );

    static readonly Dictionary<
        string,
        (Action<SecurityTokenDescriptor, BffUnderTest> Change, string Reason)
    > InvalidTokens = new(StringComparer.Ordinal)
    {
        ["L01 unsigned"] = ((token, _) => token.SigningCredentials = null, "not a signed JSON web token"),
        ["L01 HS256 with the public key"] = (
            (token, bff) => token.SigningCredentials = bff.Provider.PublicKeyAsSecret,
            "signature"
        ),
        ["L01 another key with the same id"] = (
            (token, bff) => token.SigningCredentials = bff.Provider.ForgedKey,
            "signature"
        ),
        ["L02 another issuer"] = ((token, bff) => token.Claims["iss"] = bff.Provider.Issuer + "/", "iss"),
        ["L02 no issuer"] = ((token, _) => token.Claims.Remove("iss"), "iss"),
        ["L02 another audience"] = ((token, _) => token.Claims["aud"] = "another-client", "aud"),
        ["L02 no audience"] = ((token, _) => token.Claims.Remove("aud"), "aud"),
        ["L02 no iat"] = ((token, _) => token.Claims.Remove("iat"), "iat"),
        ["L02 iat in the future"] = ((token, bff) => Times(token, bff, 62, 100), "iat"),
        ["L02 no exp"] = ((token, _) => token.Claims.Remove("exp"), "exp"),
        ["L02 expired"] = ((token, bff) => Times(token, bff, -180, -61), "exp must be a time in the future"),
        ["L02 exp not a number"] = ((token, _) => token.Claims["exp"] = "soon", "not a signed JSON web token"),
        ["L07 lifetime over two minutes"] = ((token, bff) => Times(token, bff, 0, 181), "two minutes"),
        ["L03 neither sub nor sid"] = (
            (token, _) =>
            {
                token.Claims.Remove("sub");
                token.Claims.Remove("sid");
            },
            "sub or sid"
        ),
        ["L03 sub not a string"] = ((token, _) => token.Claims["sub"] = 7, "sub and sid"),
        ["L03 sid not a string"] = ((token, _) => token.Claims["sid"] = new[] { "a" }, "sub and sid"),
        ["L04 no events"] = ((token, _) => token.Claims.Remove("events"), "events"),
        ["L04 another event"] = (
            (token, _) => token.Claims["events"] = Member("http://example.com/event", new Dictionary<string, object>()),
            "events"
        ),
        ["L04 member not an object"] = ((token, _) => token.Claims["events"] = Member(Event, true), "events"),
        ["L04 events a string"] = ((token, _) => token.Claims["events"] = Event, "events"),
        ["L05 a nonce"] = ((token, _) => token.Claims["nonce"] = "n", "nonce"),
        ["L06 an ID token's typ"] = ((token, _) => token.TokenType = "JWT", "typ"),
        ["L06 an access token's typ"] = ((token, _) => token.TokenType = "at+jwt", "typ"),
        ["L07 no jti"] = ((token, _) => token.Claims.Remove("jti"), "jti"),
    };

    public static TheoryData<string> InvalidTokenNames => [.. InvalidTokens.Keys];

    static void Times(SecurityTokenDescriptor token, BffUnderTest bff, int issued, int ends)
    {
        var now = bff.Clock.GetUtcNow();
        (token.Claims["iat"], token.Claims["exp"]) = (
            now.AddSeconds(issued).ToUnixTimeSeconds(),
            now.AddSeconds(ends).ToUnixTimeSeconds()
        );
    }

    static Dictionary<string, object> Member(string name, object value) =>
        new(StringComparer.Ordinal) { [name] = value };

    [Theory]
    [MemberData(nameof(InvalidTokenNames))]
    [Trait("Check", "L01")]
    [Trait("Check", "L02")]
    [Trait("Check", "L03")]
    [Trait("Check", "L04")]
    [Trait("Check", "L05")]
    [Trait("Check", "L06")]
    [Trait("Check", "L07")]
    [Trait("Check", "L08")]
    public async Task Logout_InvalidToken_Is400_AndEndsNothing(string name)
    {
        using var ada = await bff.SignInAsync();
        var (change, reason) = InvalidTokens[name];

        var answer = await PostAsync(bff.Address, Token(ada, token => change(token, bff)));

        answer.Status.ShouldBe(HttpStatusCode.BadRequest);
        answer["error"].ShouldBe("invalid_request");
        answer["error_description"].ShouldContain(reason);
        (await ada.StatusOfAsync()).ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    [Trait("Check", "L05")]
    public async Task Logout_IdToken_Is400()
    {
        // Refusals are rate-limited, so this test has its own replica.
        var replica = bff.Start();
        using var ada = await bff.SignInAsync();
        var idToken = Token(
            ada,
            token =>
            {
                token.TokenType = "JWT";
                token.Claims.Remove("events");
                token.Claims["nonce"] = "n";
            }
        );

        (await PostAsync(replica, idToken)).Status.ShouldBe(HttpStatusCode.BadRequest);
        (await ada.StatusOfAsync()).ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    [Trait("Check", "L01")]
    public async Task Logout_NotAFormWithOneToken_IsRefused()
    {
        var replica = bff.Start();
        using var ada = await bff.SignInAsync();
        var token = Token(ada);
        using var client = new HttpClient { BaseAddress = replica };

        (await client.GetAsync($"{Path}?logout_token={token}", Cancellation)).StatusCode.ShouldNotBe(HttpStatusCode.OK);
        (await PostAsync(replica)).Status.ShouldBe(HttpStatusCode.BadRequest);
        (await PostAsync(replica, token, token)).Status.ShouldBe(HttpStatusCode.BadRequest);
        (await PostAsync(replica, "no token at all")).Status.ShouldBe(HttpStatusCode.BadRequest);
        (await PostAsync(replica, JsonContent.Create(new { logout_token = token }))).Status.ShouldBe(
            HttpStatusCode.BadRequest
        );
        (
            await PostAsync(replica, new MultipartFormDataContent { { new StringContent(token), "logout_token" } })
        ).Status.ShouldBe(HttpStatusCode.BadRequest);
        using var query = new HttpRequestMessage(HttpMethod.Post, $"{Path}?logout_token={token}")
        {
            Content = new FormUrlEncodedContent([]),
        };
        (await client.SendAsync(query, Cancellation)).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await ada.StatusOfAsync()).ShouldBe(HttpStatusCode.OK);
        // The token itself is valid.
        (await PostAsync(replica, token)).Status.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    [Trait("Check", "L01")]
    public async Task Logout_LargeBody_Is413()
    {
        var answer = await PostAsync(bff.Address, new string('a', 17 * 1024));

        answer.Status.ShouldBe(HttpStatusCode.RequestEntityTooLarge);
    }

    [Theory]
    [InlineData("sid")]
    [InlineData("sub")]
    [InlineData("both")]
    [Trait("Check", "L03")]
    [Trait("Check", "L08")]
    public async Task Logout_Token_EndsOnlyTheSessionsThatItNames(string by)
    {
        using var ada = await bff.SignInAsync();
        using var elsewhere = await bff.SignInAgainAsync(ada.User);
        using var bob = await bff.SignInAsync();
        var token = Token(
            ada,
            descriptor =>
            {
                if (by == "sid")
                    descriptor.Claims.Remove("sub");
                if (by == "sub")
                    descriptor.Claims.Remove("sid");
            }
        );

        (await PostAsync(bff.Address, token)).Status.ShouldBe(HttpStatusCode.OK);

        (await ada.StatusOfAsync()).ShouldBe(HttpStatusCode.Unauthorized);
        (await elsewhere.StatusOfAsync()).ShouldBe(by == "sub" ? HttpStatusCode.Unauthorized : HttpStatusCode.OK);
        (await bob.StatusOfAsync()).ShouldBe(HttpStatusCode.OK);
        await using var db = bff.Database.Connect();
        var entry = (
            await db.AuditEntries.Where(entry => entry.SessionId == ada.Session.Id).ToListAsync(Cancellation)
        ).ShouldHaveSingleItem();
        (entry.Action, entry.UserId, entry.Service).ShouldBe(
            ("session-ended-by-provider", ada.User.Id, "lightning_bff")
        );
    }

    [Fact]
    [Trait("Check", "L03")]
    [Trait("Check", "L08")]
    public async Task Logout_SidOfAnotherUser_Is200_AndEndsNothing()
    {
        using var ada = await bff.SignInAsync();
        using var bob = await bff.SignInAsync();

        (await PostAsync(bff.Address, Token(ada, token => token.Claims["sub"] = bob.User.Subject))).Status.ShouldBe(
            HttpStatusCode.OK
        );
        (
            await PostAsync(bff.Address, Token(ada, token => token.Claims["sid"] = Guid.NewGuid().ToString()))
        ).Status.ShouldBe(HttpStatusCode.OK);
        (await PostAsync(bff.Address, Token(ada, token => token.Claims["sid"] = "no name of ours"))).Status.ShouldBe(
            HttpStatusCode.OK
        );

        (await ada.StatusOfAsync()).ShouldBe(HttpStatusCode.OK);
        (await bob.StatusOfAsync()).ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    [Trait("Check", "L03")]
    public async Task Logout_SubOfAnotherIssuersUser_EndsNothing()
    {
        using var ada = await bff.SignInAsync();
        await using var db = bff.Database.Connect();
        var namesake = new Data.Users.User
        {
            Id = Guid.CreateVersion7(),
            Issuer = "https://elsewhere.example",
            Subject = ada.User.Subject,
            Email = "ada@elsewhere.example",
            CreatedAt = bff.Clock.GetUtcNow(),
        };
        db.Users.Add(namesake);
        await db.SaveChangesAsync(Cancellation);
        var session = await db.AddSessionAsync(namesake);

        (await PostAsync(bff.Address, Token(ada, token => token.Claims.Remove("sid")))).Status.ShouldBe(
            HttpStatusCode.OK
        );

        (
            await db.Sessions.AsNoTracking().SingleAsync(row => row.Id == session.Id, Cancellation)
        ).EndedAt.ShouldBeNull();
        (await ada.StatusOfAsync()).ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Fact]
    [Trait("Check", "L07")]
    public async Task Logout_TheSameTokenOnSeveralReplicas_IsAcceptedOnce()
    {
        var replicas = new[] { bff.Start(), bff.Start() };
        using var ada = await bff.SignInAsync();
        var token = Token(ada);

        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => PostAsync(replicas[i % 2], token)));

        answers.Count(answer => answer.Status == HttpStatusCode.OK).ShouldBe(1);
        answers
            .Count(answer =>
                answer.Status == HttpStatusCode.BadRequest
                && answer["error_description"].Contains("used before", StringComparison.Ordinal)
            )
            .ShouldBe(19);
    }

    /// <summary>The clock skew extends a token's life, so its use must be stored as long.</summary>
    [Theory]
    [InlineData(100, "used before")]
    [InlineData(121, "used before")]
    [InlineData(179, "used before")]
    [InlineData(181, "exp must be")]
    [Trait("Check", "L07")]
    public async Task Logout_ReplayAfterACleanup_IsRefused(int secondsLater, string reason)
    {
        using var ada = await bff.SignInAsync();
        using var bob = await bff.SignInAsync();
        var token = Token(ada);
        (await PostAsync(bff.Address, token)).Status.ShouldBe(HttpStatusCode.OK);
        bff.Clock.Advance(TimeSpan.FromSeconds(secondsLater));
        // Each accepted token deletes the uses that are no longer needed.
        (await PostAsync(bff.Address, Token(bob))).Status.ShouldBe(HttpStatusCode.OK);

        var answer = await PostAsync(bff.Address, token);

        answer.Status.ShouldBe(HttpStatusCode.BadRequest);
        answer["error_description"].ShouldContain(reason);
    }

    [Fact]
    [Trait("Check", "L07")]
    public async Task Logout_SessionEndFails_TheTokenMayBeRetried()
    {
        using var ada = await bff.SignInAsync();
        var token = Token(ada);
        await bff.Database.ExecuteAsync(
            "REVOKE INSERT ON audit.entries FROM lightning_bff; REVOKE INSERT (at) ON audit.entries FROM lightning_bff"
        );
        (await PostAsync(bff.Address, token)).Status.ShouldBe(HttpStatusCode.InternalServerError);
        await bff.Database.ExecuteAsync("GRANT INSERT ON audit.entries TO lightning_bff");

        (await PostAsync(bff.Address, token)).Status.ShouldBe(HttpStatusCode.OK);

        (await ada.StatusOfAsync()).ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task Logout_ExpiredTokens_AreDeleted()
    {
        await bff.Database.ExecuteAsync(
            "INSERT INTO identity.seen_tokens VALUES ('\\x01', now() - interval '1 day'), ('\\x02', now() + interval "
                + "'1 day')"
        );
        using var ada = await bff.SignInAsync();

        (await PostAsync(bff.Address, Token(ada))).Status.ShouldBe(HttpStatusCode.OK);
        (await bff.Database.ExecuteAsync("SELECT count(*) FROM identity.seen_tokens WHERE hash = '\\x01'")).ShouldBe(
            0L
        );
        (await bff.Database.ExecuteAsync("SELECT count(*) FROM identity.seen_tokens WHERE hash = '\\x02'")).ShouldBe(
            1L
        );
    }

    [Fact]
    [Trait("Check", "L09")]
    public async Task Logout_RefreshTokensOfTheSession_AreRevoked()
    {
        using var ada = await bff.SignInAsync();
        await using var db = bff.Database.Connect();
        var now = bff.Clock.GetUtcNow();
        var token = new RefreshToken
        {
            TokenHash = Guid.NewGuid().ToByteArray(),
            Family = Guid.NewGuid(),
            ClientId = "lightning-bff",
            SessionId = ada.Session.Id,
            Scope = "openid",
            CreatedAt = now,
            ExpiresAt = now.AddDays(1),
            FamilyEndsAt = now.AddDays(1),
        };
        db.RefreshTokens.Add(token);
        await db.SaveChangesAsync(Cancellation);

        (await PostAsync(bff.Address, Token(ada))).Status.ShouldBe(HttpStatusCode.OK);

        await db.Entry(token).ReloadAsync(Cancellation);
        token.RevokedAt.ShouldNotBeNull();
    }
}

public sealed record Answer(HttpStatusCode Status, string Text)
{
    public string this[string name] => JsonSerializer.Deserialize<JsonElement>(Text).GetProperty(name).GetString()!;
}
