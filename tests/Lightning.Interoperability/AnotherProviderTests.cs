using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Lightning.Data.Sessions;
using Lightning.Testing;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Interoperability;

public sealed class AnotherProviderTests(AnotherProvider system)
    : AnotherProviderScenarios(system),
        IClassFixture<AnotherProvider>
{
    [Fact]
    public async Task AccessTokenWithoutSid_AfterSessionEnd_IsValidWhileUserIsEnabled()
    {
        using var ada = new Person();
        await AnotherProvider.SignInAsync(ada, $"{System.Bff}/bff/login", "ada-nosid");
        await NotesAsync(ada, HttpStatusCode.OK);
        var token = System.AccessTokens.Last();
        (await ada.FetchAsync(HttpMethod.Post, $"{System.Bff}/bff/logout")).Dispose();

        (await CallAsync(token)).ShouldBe(HttpStatusCode.OK);
        await System.Database.ExecuteAsync("UPDATE app.users SET disabled_at = now() WHERE subject = 'ada-nosid'");
        await RefusedAsync(token);
    }
}

public sealed class AnotherProviderWithSidTests(AnotherProviderWithSid system)
    : AnotherProviderScenarios(system),
        IClassFixture<AnotherProviderWithSid>
{
    [Fact]
    [Trait("Check", "R08")]
    public async Task AccessTokenWithSid_AfterSessionEnd_IsRefused()
    {
        using var ada = new Person();
        await AnotherProvider.SignInAsync(ada, $"{System.Bff}/bff/login", "ada-sid");
        await NotesAsync(ada, HttpStatusCode.OK);
        var token = System.AccessTokens.Last();
        (await CallAsync(token)).ShouldBe(HttpStatusCode.OK);
        (await ada.FetchAsync(HttpMethod.Post, $"{System.Bff}/bff/logout")).Dispose();

        await RefusedAsync(token);
    }

    [Fact]
    [Trait("Check", "R08")]
    public async Task AccessTokenWithSid_CachedSession_NeedsNoReadUntilItEnds()
    {
        using var ada = new Person();
        await AnotherProvider.SignInAsync(ada, $"{System.Bff}/bff/login", "ada-remembered");
        await NotesAsync(ada, HttpStatusCode.OK);
        var token = System.AccessTokens.Last();
        (await CallAsync(token)).ShouldBe(HttpStatusCode.OK);
        // Without the right to read, only the cache can answer.
        await System.Database.ExecuteAsync("REVOKE SELECT ON app.users FROM lightning_api");
        (await CallAsync(token)).ShouldBe(HttpStatusCode.OK);
        await System.Database.ExecuteAsync("GRANT SELECT ON app.users TO lightning_api");
        await System.Database.ExecuteAsync(
            """
            SELECT identity.end_session(session.id, 'test') FROM identity.sessions AS session
                JOIN app.users AS person ON person.id = session.user_id
                WHERE person.subject = 'ada-remembered'
            """
        );
        await RefusedAsync(token);
    }
}

/// <summary>Scenarios for both kinds of access tokens.</summary>
public abstract class AnotherProviderScenarios(AnotherProvider system)
{
    protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    protected AnotherProvider System => system;

    protected async Task<string> NotesAsync(Person person, HttpStatusCode status)
    {
        using var response = await person.FetchAsync(HttpMethod.Get, $"{System.Bff}/api/v1/notes");
        var body = await response.Content.ReadAsStringAsync(Cancellation);
        response.StatusCode.ShouldBe(status, $"{body}\n{string.Join('\n', System.Output)}");
        return body;
    }

    protected async Task<HttpStatusCode> CallAsync(string accessToken)
    {
        using var client = new HttpClient
        {
            DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", accessToken) },
        };
        using var response = await client.GetAsync($"{System.Api}/api/v1/notes", Cancellation);
        return response.StatusCode;
    }

    /// <summary>Waits, because notifications about ended sessions take time.</summary>
    protected Task<TimeSpan> RefusedAsync(string accessToken) =>
        Wait.UntilAsync(
            async () => await CallAsync(accessToken) == HttpStatusCode.Unauthorized,
            TimeSpan.FromSeconds(3)
        );

    async Task<Session[]> SessionsAsync(string subject)
    {
        await using var db = System.Database.Connect();
        return await db
            .Sessions.Where(session => session.User!.Subject == subject)
            .OrderBy(session => session.CreatedAt)
            .ToArrayAsync(Cancellation);
    }

    [Fact]
    [Trait("Check", "C12")]
    public async Task SignIn_ThroughTheBff_CreatesUserAndSessionAndCallsTheApi()
    {
        using var ada = new Person();
        var landed = await AnotherProvider.SignInAsync(
            ada,
            $"{System.Bff}/bff/login?returnUrl=/problems/unauthenticated",
            "ada"
        );
        landed.Address.ShouldBe(new Uri($"{System.Bff}/problems/unauthenticated"));

        using var answer = await ada.FetchAsync(HttpMethod.Get, $"{System.Bff}/bff/user");
        var user = await answer.Content.ReadFromJsonAsync<JsonElement>(Cancellation);
        user.GetProperty("name").GetString().ShouldBe("The person ada");
        user.GetProperty("email").GetString().ShouldBe("ada@example.com");
        user.GetProperty("isAdmin").GetBoolean().ShouldBeFalse();
        using var written = await ada.FetchAsync(
            HttpMethod.Post,
            $"{System.Bff}/api/v1/notes",
            JsonContent.Create(new { title = "From elsewhere", body = "" })
        );
        written.StatusCode.ShouldBe(HttpStatusCode.Created, await written.Content.ReadAsStringAsync(Cancellation));
        (await NotesAsync(ada, HttpStatusCode.OK)).ShouldContain("From elsewhere");
        var session = (await SessionsAsync("ada")).ShouldHaveSingleItem();
        session.Issuer.ShouldBe(System.Issuer);
        session.ForeignSid.ShouldNotBeNullOrEmpty();
        (DateTimeOffset.UtcNow - session.AuthTime).ShouldBeLessThan(TimeSpan.FromMinutes(2));
    }

    [Fact]
    public async Task Refresh_ExpiringToken_IsReplacedAtTheProvider()
    {
        using var ada = new Person();
        await AnotherProvider.SignInAsync(ada, $"{System.Bff}/bff/login", "ada-refreshes");
        await NotesAsync(ada, HttpStatusCode.OK);
        var first = System.AccessTokens.Last();

        await NotesAsync(ada, HttpStatusCode.OK);

        System.AccessTokens.Last().ShouldNotBe(first);
        await System.WaitForOutputAsync("granted refresh_token", 2);
    }

    [Fact]
    [Trait("Check", "B24")]
    public async Task SignOut_InTheBff_EndsBothSessions()
    {
        using var ada = new Person();
        await AnotherProvider.SignInAsync(ada, $"{System.Bff}/bff/login", "ada-leaves");
        using var answer = await ada.FetchAsync(HttpMethod.Post, $"{System.Bff}/bff/logout");
        var redirect = (await answer.Content.ReadFromJsonAsync<JsonElement>(Cancellation))
            .GetProperty("redirect")
            .GetString()!;
        redirect.ShouldContain("id_token_hint=");
        (await SessionsAsync("ada-leaves")).ShouldHaveSingleItem().EndReason.ShouldBe("signed-out");

        var back = await ada.SubmitAsync(await ada.OpenAsync(redirect), ("logout", "yes"));

        back.Address.ShouldBe(new Uri($"{System.Bff}/"));
        await NotesAsync(ada, HttpStatusCode.Unauthorized);
        // The provider asks the user to sign in again.
        (await ada.OpenAsync($"{System.Bff}/bff/login")).Html.ShouldContain("name=\"login\"");
    }

    [Fact]
    public async Task SignIn_AgainInTheSameProviderSession_StartsNewSession()
    {
        using var ada = new Person();
        await AnotherProvider.SignInAsync(ada, $"{System.Bff}/bff/login", "ada-returns");
        (await ada.FetchAsync(HttpMethod.Post, $"{System.Bff}/bff/logout")).Dispose();
        // This provider revokes all grants of the session with a token, and then asks for consent again.
        await Wait.UntilAsync(async () =>
            (long)
                (await System.Database.ExecuteAsync("SELECT count(*) FROM identity.outbox WHERE kind = 'revocation'"))!
            == 0
        );

        await ada.SubmitAsync(await ada.OpenAsync($"{System.Bff}/bff/login"));

        await NotesAsync(ada, HttpStatusCode.OK);
        var sessions = await SessionsAsync("ada-returns");
        sessions.Length.ShouldBe(2);
        sessions[1].ForeignSid.ShouldBe(sessions[0].ForeignSid);
        (sessions[0].EndedAt is null, sessions[1].EndedAt is null).ShouldBe((false, true));
    }

    [Fact]
    [Trait("Check", "L03")]
    public async Task SignOut_AtTheProvider_EndsSessionsInBffAndAdmin()
    {
        using var ada = new Person();
        await AnotherProvider.SignInAsync(ada, $"{System.Bff}/bff/login", "ada-both");
        using var bob = new Person();
        await AnotherProvider.SignInAsync(bob, $"{System.Bff}/bff/login", "bob-stays");
        await System.Database.ExecuteAsync("UPDATE app.users SET is_admin = true WHERE subject = 'ada-both'");
        await ada.SubmitAsync(await ada.OpenAsync($"{System.Admin}/login"));
        (await ada.OpenAsync($"{System.Admin}/")).Address.ShouldBe(new Uri($"{System.Admin}/"));

        await ada.SubmitAsync(await ada.OpenAsync($"{System.Issuer}/session/end"), ("logout", "yes"));

        await System.WaitForOutputAsync("told lightning-bff");
        await System.WaitForOutputAsync("told lightning-admin");
        await NotesAsync(ada, HttpStatusCode.Unauthorized);
        (await ada.OpenAsync($"{System.Admin}/")).Address.Authority.ShouldBe(new Uri(System.Issuer).Authority);
        (await SessionsAsync("ada-both"))
            .Select(session => session.EndReason)
            .ShouldBe(["ended-by-provider", "ended-by-provider"]);
        await NotesAsync(bob, HttpStatusCode.OK);
    }

    [Fact]
    public async Task Admin_UserOfAnotherProvider_NeedsTheAdminFlag()
    {
        using var eve = new Person();
        var refused = await AnotherProvider.SignInAsync(eve, $"{System.Admin}/login", "eve");
        refused.Status.ShouldBe(HttpStatusCode.Forbidden);

        await System.Database.ExecuteAsync("UPDATE app.users SET is_admin = true WHERE subject = 'eve'");

        await Wait.UntilAsync(async () => (await eve.OpenAsync($"{System.Admin}/")).Status == HttpStatusCode.OK);
    }

    [Fact]
    public async Task SignIn_DisabledUser_IsRefused()
    {
        using var mallory = new Person();
        await AnotherProvider.SignInAsync(mallory, $"{System.Bff}/bff/login", "mallory");
        await System.Database.ExecuteAsync("UPDATE app.users SET disabled_at = now() WHERE subject = 'mallory'");
        await Wait.UntilAsync(async () =>
            (await mallory.FetchAsync(HttpMethod.Get, $"{System.Bff}/bff/user")).StatusCode
            == HttpStatusCode.Unauthorized
        );

        (await mallory.OpenAsync($"{System.Bff}/bff/login")).Status.ShouldBe(HttpStatusCode.Forbidden);
    }
}
