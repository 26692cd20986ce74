using System.Diagnostics;
using System.Net;
using Lightning.Testing;
using Microsoft.AspNetCore.Http;

namespace Lightning.Bff.Tests;

/// <summary>
/// Revocation of the refresh tokens of ended sessions at an external provider.
/// </summary>
public sealed class ExternalRevocationTests(PostgresServer server) : IAsyncLifetime
{
    readonly BffUnderTest bff = new(server);
    Uri replica = null!;

    public async ValueTask InitializeAsync()
    {
        await bff.InitializeAsync();
        replica = bff.Start(("Oidc:Foreign", "true"));
    }

    public ValueTask DisposeAsync() => bff.DisposeAsync();

    public static TheoryData<string> Ends => ["signed out", "end_session", "end_user_sessions", "end_all"];

    [Theory]
    [MemberData(nameof(Ends))]
    [Trait("Check", "T06")]
    public async Task RefreshToken_SessionEnds_IsRevokedByItsClient(string end)
    {
        using var browser = await SignInAsync();
        await EndAsync(browser, end);

        await RevokedAsync("refresh-canary-1");
        var revocation = bff.Provider.Revocations.ShouldHaveSingleItem();
        (revocation["token_type_hint"], revocation["client_id"], revocation["client_secret"]).ShouldBe(
            ("refresh_token", FakeProvider.ClientId, FakeProvider.ClientSecret)
        );
        await Wait.UntilAsync(async () =>
            (long)(await bff.Database.ExecuteAsync("SELECT count(*) FROM identity.outbox"))! == 0
        );
    }

    [Fact]
    [Trait("Check", "T06")]
    [Trait("Timing", "Alone")]
    public async Task Logout_ProviderUnavailable_SucceedsAtOnce_AndRevokesLater()
    {
        using var browser = await SignInAsync();
        bff.Provider.IsAway = true;
        var clock = Stopwatch.StartNew();
        using var answer = await browser.FetchAsync(HttpMethod.Post, "/bff/logout");
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        clock.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(2));
        (await StatusOfAsync(browser)).ShouldBe(HttpStatusCode.Unauthorized);
        bff.Clock.Advance(TimeSpan.FromMinutes(1));
        await Wait.UntilAsync(async () =>
            (await bff.Database.ExecuteAsync("SELECT attempts FROM identity.outbox")) is > 0
        );
        bff.Provider.Revocations.ShouldBeEmpty();

        bff.Provider.IsAway = false;
        await RevokedAsync("refresh-canary-1");
        (await bff.Database.ExecuteAsync("SELECT end_reason FROM identity.sessions")).ShouldBe("signed-out");
    }

    [Fact]
    [Trait("Check", "T06")]
    public async Task RefreshToken_IssuedAfterTheSessionsEnd_IsRevoked()
    {
        using var browser = await SignInAsync();
        await bff.Database.ExecuteAsync(
            "UPDATE web.sessions SET token_expires_at = clock_timestamp() - interval '1 minute'"
        );
        bff.Provider.BeforeRefresh = async () =>
        {
            await bff.Database.ExecuteAsync("SELECT identity.end_all('test')");
            return null;
        };

        // The cached token is used until the notification arrives.
        await Wait.UntilAsync(async () =>
            (await browser.FetchAsync(HttpMethod.Get, "/api/v1/notes")).StatusCode == HttpStatusCode.Unauthorized
        );

        await RevokedAsync("refresh-canary-1", "refresh-canary-2");
    }

    [Fact]
    [Trait("Check", "T06")]
    public async Task Provider_WithoutSupportForTheTokenType_IsAskedOnce()
    {
        var asked = 0;
        bff.Provider.BeforeRevocation = () =>
        {
            Interlocked.Increment(ref asked);
            return Results.Json(new { error = "unsupported_token_type" }, statusCode: 400);
        };
        using var browser = await SignInAsync();
        await EndAsync(browser, "signed out");
        bff.Clock.Advance(TimeSpan.FromMinutes(1));
        await Wait.UntilAsync(async () =>
            (long)(await bff.Database.ExecuteAsync("SELECT count(*) FROM identity.outbox"))! == 0
        );

        asked.ShouldBe(1);
    }

    [Fact]
    [Trait("Check", "T05")]
    public async Task Outbox_EncryptsTokens_AndShowsEachServiceItsOwnRows()
    {
        using var browser = await SignInAsync();
        bff.Provider.IsAway = true;

        await EndAsync(browser, "end_all");

        (
            await bff.Database.ExecuteAsync(
                """
                SELECT count(*) FROM identity.outbox
                    WHERE kind = 'revocation' AND position('canary'::bytea IN payload) = 0
                """
            )
        ).ShouldBe(1L);

        await bff.Database.ExecuteAsync(
            "INSERT INTO identity.outbox (id, kind, payload, due_at, attempts) VALUES (gen_random_uuid(), 'mail', "
                + "'\\x01', now(), 0)"
        );

        foreach (var (service, kinds) in new[] { ("bff", "revocation"), ("admin", ""), ("identity", "mail") })
        {
            await using var db = bff.Database.ConnectAs(service);
            string.Join(' ', db.Outbox.Select(message => message.Kind)).ShouldBe(kinds, service);
        }
    }

    [Fact]
    [Trait("Check", "L09")]
    public async Task LightningIdentity_GetsNoRevocationRequests()
    {
        using var ada = await bff.SignInAsync();
        await bff.Database.ExecuteAsync(
            $"""
            INSERT INTO identity.grants (id, sid, client_id, is_told, created_at)
                VALUES (gen_random_uuid(), '{ada.Session.Id}', 'lightning-bff', false, now())
            """
        );

        using var answer = await ada.Browser.FetchAsync(HttpMethod.Post, "/bff/logout");

        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        (await bff.Database.ExecuteAsync("SELECT count(*) FROM identity.outbox")).ShouldBe(0L);
    }

    async Task<Browser> SignInAsync()
    {
        var browser = bff.NewBrowser(replica);
        await BffUnderTest.SignInAsync(browser);
        (await StatusOfAsync(browser)).ShouldBe(HttpStatusCode.OK);
        return browser;
    }

    async Task EndAsync(Browser browser, string end)
    {
        if (end == "signed out")
            (await browser.FetchAsync(HttpMethod.Post, "/bff/logout")).StatusCode.ShouldBe(HttpStatusCode.OK);
        else
            await bff.Database.ExecuteAsync(
                end switch
                {
                    "end_session" => "SELECT identity.end_session(id, 'test') FROM identity.sessions",
                    "end_user_sessions" => "SELECT identity.end_user_sessions(id, 'test') FROM app.users",
                    _ => "SELECT identity.end_all('test')",
                }
            );
    }

    /// <summary>
    /// Waits until exactly these tokens are revoked. The outbox uses the test clock.
    /// </summary>
    Task<TimeSpan> RevokedAsync(params string[] tokens) =>
        Wait.UntilAsync(() =>
        {
            bff.Clock.Advance(TimeSpan.FromSeconds(1));
            return bff
                .Provider.Revocations.Select(revocation => revocation["token"])
                .Order(StringComparer.Ordinal)
                .SequenceEqual(tokens);
        });

    static async Task<HttpStatusCode> StatusOfAsync(Browser browser) =>
        (await browser.FetchAsync(HttpMethod.Get, "/bff/user?slide=false")).StatusCode;
}
