using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Lightning.Data.Sessions;
using Lightning.Data.Users;
using Lightning.Testing;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Bff.Tests;

/// <summary>
/// Impersonation in the product: it is shown, short, and cannot manage the user's devices.
/// </summary>
public sealed class ImpersonationTests(BffUnderTest bff) : IClassFixture<BffUnderTest>
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Start_SendsTheTicketByTheBackChannelOnly()
    {
        using var browser = bff.NewBrowser();
        var code = new string('c', 43);

        using var answer = await browser.GetAsync($"/bff/act?code={code}");

        answer.StatusCode.ShouldBe(HttpStatusCode.Redirect);
        var pushed = bff.Provider.PushedRequests.Last();
        pushed["acting"].ShouldBe(code);
        pushed["code_challenge_method"].ShouldBe("S256");
        answer.Headers.Location!.ToString().ShouldNotContain(code);
        browser.Cookies.ShouldContain(cookie =>
            cookie.Name.StartsWith("__Host-lightning-state.", StringComparison.Ordinal)
        );

        foreach (var wrong in new[] { "/bff/act", "/bff/act?code=", "/bff/act?code=short" })
            (await browser.GetAsync(wrong)).StatusCode.ShouldBe(HttpStatusCode.BadRequest);

        // An ordinary sign-in does not send the parameter.
        using var login = await browser.GetAsync("/bff/login");
        bff.Provider.PushedRequests.Last().ShouldNotContainKey("acting");
    }

    [Fact]
    public async Task Start_RefusedByTheProvider_IsAProblem_AndKeepsTheSession()
    {
        using var victim = await bff.SignInAsync();
        bff.Provider.AuthorizationError = "access_denied";
        try
        {
            using var page = await victim.Browser.FollowAsync($"/bff/act?code={new string('c', 43)}");
            page.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
            (await page.Content.ReadAsStringAsync(Cancellation)).ShouldContain("acting-refused");
        }
        finally
        {
            bff.Provider.AuthorizationError = null;
        }

        (await UserAsync(victim.Browser)).GetProperty("id").GetGuid().ShouldBe(victim.User.Id);
    }

    [Fact]
    public async Task Impersonation_IsShownToThePage_AndCannotManageDevices()
    {
        var (root, ada, acting, browser) = await ImpersonateAsync();

        var user = await UserAsync(browser);

        user.GetProperty("id").GetGuid().ShouldBe(ada.Id);
        user.GetProperty("act")
            .GetRawText()
            .ShouldBe($$"""{"sub":"{{root.User.Subject}}","name":"{{root.User.Name}}","mayWrite":false}""");
        (
            user.GetProperty("session").GetProperty("endsAt").GetDateTimeOffset() - bff.Clock.GetUtcNow()
        ).ShouldBeLessThanOrEqualTo(TimeSpan.FromMinutes(30));

        foreach (
            var (method, path) in new[]
            {
                (HttpMethod.Get, "/bff/sessions"),
                (HttpMethod.Delete, $"/bff/sessions/{acting.Id}"),
                (HttpMethod.Delete, "/bff/sessions?others=true"),
            }
        )
        {
            using var answer = await browser.FetchAsync(method, path);
            answer.StatusCode.ShouldBe(HttpStatusCode.Forbidden, path);
            (await answer.Content.ReadFromJsonAsync<JsonElement>(Cancellation))
                .GetProperty("type")
                .GetString()
                .ShouldBe("/problems/acting");
        }

        (await UserAsync(root.Browser)).GetProperty("act").ValueKind.ShouldBe(JsonValueKind.Null);
        browser.Dispose();
        root.Dispose();
    }

    [Fact]
    public async Task Stop_EndsTheImpersonationOnly_ReturnsToTheAccount_AndIsAudited()
    {
        var (root, ada, acting, browser) = await ImpersonateAsync();
        using var own = await bff.SignInAgainAsync(ada);

        using var stopped = await browser.FetchAsync(HttpMethod.Post, "/bff/logout");

        (await stopped.Content.ReadFromJsonAsync<JsonElement>(Cancellation))
            .GetProperty("redirect")
            .GetString()
            .ShouldBe($"http://localhost:5103/accounts/{ada.Id}");
        (await browser.FetchAsync(HttpMethod.Get, "/bff/user")).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        (await root.StatusOfAsync()).ShouldBe(HttpStatusCode.OK);
        (await own.StatusOfAsync()).ShouldBe(HttpStatusCode.OK);

        await using var db = bff.Database.Connect();
        var line = await db.AuditEntries.SingleAsync(entry => entry.SubjectId == ada.Id.ToString(), Cancellation);
        (line.Action, line.Service, line.UserId, line.SessionId, line.Details).ShouldBe(
            ("acting-ended", "lightning_bff", root.User.Id, acting.Id, """{"reason": "acting-stopped"}""")
        );
        browser.Dispose();
        root.Dispose();
    }

    [Fact]
    public async Task SignIn_DuringAnImpersonation_ReplacesIt()
    {
        var (root, _, acting, browser) = await ImpersonateAsync();
        (bff.Provider.Subject, bff.Provider.Sid) = (root.User.Id, root.Session.Id);

        await BffUnderTest.SignInAsync(browser);

        (await UserAsync(browser)).GetProperty("id").GetGuid().ShouldBe(root.User.Id);
        (
            await bff.Database.ExecuteAsync($"SELECT end_reason FROM identity.sessions WHERE id = '{acting.Id}'")
        ).ShouldBe("replaced");
        browser.Dispose();
        root.Dispose();
    }

    public static TheoryData<string> Ends =>
        [
            "SELECT identity.end_session('{admin}', 'signed-out')",
            "UPDATE app.users SET is_admin = false WHERE id = '{root}'",
            "SELECT identity.end_user_sessions('{ada}', 'ended-by-user')",
        ];

    [Theory]
    [MemberData(nameof(Ends))]
    [Trait("Check", "R08")]
    public async Task Impersonation_PreconditionRemoved_EndsAtTheNextRequest(string cause)
    {
        var (root, ada, _, browser) = await ImpersonateAsync();
        (await UserAsync(browser)).GetProperty("act").ValueKind.ShouldBe(JsonValueKind.Object);

        await bff.Database.ExecuteAsync(
            cause
                .Replace("{admin}", root.Session.Id.ToString(), StringComparison.Ordinal)
                .Replace("{root}", root.User.Id.ToString(), StringComparison.Ordinal)
                .Replace("{ada}", ada.Id.ToString(), StringComparison.Ordinal)
        );

        await Wait.UntilAsync(
            async () =>
                (await browser.FetchAsync(HttpMethod.Get, "/bff/user?slide=false")).StatusCode
                == HttpStatusCode.Unauthorized,
            TimeSpan.FromSeconds(3)
        );
        browser.Dispose();
        root.Dispose();
    }

    [Fact]
    public async Task Impersonation_InUse_EndsAfterHalfAnHour()
    {
        var (root, _, _, browser) = await ImpersonateAsync();

        for (var minute = 0; minute < 28; minute += 4)
        {
            bff.Clock.Advance(TimeSpan.FromMinutes(4));
            (await browser.FetchAsync(HttpMethod.Get, "/bff/user")).StatusCode.ShouldBe(HttpStatusCode.OK);
        }

        bff.Clock.Advance(TimeSpan.FromMinutes(3));
        (await browser.FetchAsync(HttpMethod.Get, "/bff/user")).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        (await root.StatusOfAsync()).ShouldBe(HttpStatusCode.OK);
        browser.Dispose();
        root.Dispose();
    }

    /// <summary>
    /// An administrator in one browser and an impersonation in another. The provider responds with the impersonation's
    /// session.
    /// </summary>
    async Task<(SignedIn Root, User Ada, Session Impersonation, Browser Browser)> ImpersonateAsync()
    {
        var root = await bff.SignInAsync();
        await bff.Database.ExecuteAsync($"UPDATE app.users SET is_admin = true WHERE id = '{root.User.Id}'");
        var (ada, _) = await bff.AddPersonAsync();
        await using var db = bff.Database.Connect();
        var now = bff.Clock.GetUtcNow();
        var acting = new Session
        {
            Id = Guid.CreateVersion7(),
            Issuer = ada.Issuer,
            UserId = ada.Id,
            CreatedAt = now,
            AuthTime = DateTimeOffset.UnixEpoch,
            LastSeenAt = now,
            EndsAt = now.AddMinutes(30),
            Methods = ["pwd"],
            ActorId = root.User.Id,
            ActorSessionId = root.Session.Id,
        };
        db.Sessions.Add(acting);
        await db.SaveChangesAsync(Cancellation);
        (bff.Provider.Subject, bff.Provider.Sid) = (ada.Id, acting.Id);
        var browser = bff.NewBrowser();
        using var page = await browser.FollowAsync($"/bff/act?code={new string('c', 43)}");
        browser.Cookie(BffUnderTest.SessionCookie).ShouldNotBeNull();
        return (root, ada, acting, browser);
    }

    static async Task<JsonElement> UserAsync(Browser browser)
    {
        using var answer = await browser.FetchAsync(HttpMethod.Get, "/bff/user");
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        return await answer.Content.ReadFromJsonAsync<JsonElement>(Cancellation);
    }
}
