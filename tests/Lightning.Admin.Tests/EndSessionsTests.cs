using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Lightning.Testing;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Admin.Tests;

/// <summary>Ending sessions: confirmation, antiforgery and audit.</summary>
public sealed partial class EndSessionsTests(AdminUnderTest admin) : IClassFixture<AdminUnderTest>
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static TheoryData<string> Handlers => ["One", "User", "Everyone"];

    [Fact]
    [Trait("Check", "L11")]
    public async Task Administrator_ends_one_session_then_all_of_its_user()
    {
        var (root, session, browser) = await admin.SignInAsync(isAdmin: true);
        var (person, theirs, other) = await admin.SignInAsync(isAdmin: false);
        await using var db = admin.Database.Connect();
        var (second, third) = (await db.AddSessionAsync(person), await db.AddSessionAsync(person));

        using var list = await browser.GetAsync("/sessions");
        (await list.Content.ReadAsStringAsync(Cancellation)).ShouldContain($"/sessions/end/{second.Id}");
        (await PageAsync(browser, second.Id)).ShouldContain("End all 3 sessions of this user");
        (await PostAsync(browser, $"/sessions/end/{second.Id}", "One")).ShouldBe(HttpStatusCode.SeeOther);
        (await EndedAsync()).ShouldBe([(second.Id, "ended-by-admin")]);

        (await PostAsync(browser, $"/sessions/end/{second.Id}", "User")).ShouldBe(HttpStatusCode.SeeOther);
        (await EndedAsync()).Select(ended => ended.Id).ShouldBe([theirs.Id, second.Id, third.Id], ignoreOrder: true);
        using var out1 = await other.GetAsync("/", ("Accept", "text/html"));
        out1.StatusCode.ShouldBe(HttpStatusCode.Redirect);
        using var mine = await browser.GetAsync("/sessions");
        mine.StatusCode.ShouldBe(HttpStatusCode.OK);

        var book = await db
            .AuditEntries.AsNoTracking()
            .Where(entry => entry.UserId == root.Id && entry.Action == "sessions-ended-by-admin")
            .OrderBy(entry => entry.Id)
            .ToListAsync(Cancellation);
        book.Select(entry => (entry.SessionId, entry.SubjectType, entry.SubjectId, entry.Service))
            .ShouldBe([
                (session.Id, "session", second.Id.ToString(), "lightning_admin"),
                (session.Id, "user", person.Id.ToString(), "lightning_admin"),
            ]);
        JsonDocument.Parse(book[1].Details!).RootElement.GetProperty("sessions").GetInt32().ShouldBe(2);
        browser.Dispose();
        other.Dispose();

        async Task<(Guid Id, string? Reason)[]> EndedAsync() =>
            [
                .. (
                    await db
                        .Sessions.AsNoTracking()
                        .Where(one => one.UserId == person.Id && one.EndedAt != null)
                        .ToListAsync(Cancellation)
                ).Select(one => (one.Id, one.EndReason)),
            ];
    }

    [Theory]
    [MemberData(nameof(Handlers))]
    [Trait("Check", "L11")]
    public async Task Non_administrator_cannot_end_sessions(string handler)
    {
        var (_, victim, other) = await admin.SignInAsync(isAdmin: true);
        var (user, _, browser) = await admin.SignInAsync(isAdmin: true);
        // A valid form, posted by a user who has just lost the right.
        var path = handler == "Everyone" ? "/sessions/end" : $"/sessions/end/{victim.Id}";
        using var page = await browser.GetAsync(path);
        var token = Token().Match(await page.Content.ReadAsStringAsync(Cancellation)).Groups["value"].Value;
        await admin.Database.ExecuteAsync($"UPDATE app.users SET is_admin = false WHERE id = '{user.Id}'");
        await Wait.UntilAsync(
            async () =>
                (await browser.GetAsync("/accounts", ("Accept", "text/html"))).StatusCode == HttpStatusCode.Forbidden,
            TimeSpan.FromSeconds(3)
        );

        using var answer = await browser.SendAsync(
            HttpMethod.Post,
            $"{path}?handler={handler}",
            new FormUrlEncodedContent([new("__RequestVerificationToken", token), new("sure", "true")]),
            ("Accept", "text/html")
        );

        answer.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await IsAliveAsync(victim.Id)).ShouldBeTrue();
        browser.Dispose();
        other.Dispose();
    }

    [Theory]
    [MemberData(nameof(Handlers))]
    [Trait("Check", "L11")]
    public async Task Form_of_another_site_ends_no_session(string handler)
    {
        var (_, session, browser) = await admin.SignInAsync(isAdmin: true);
        var path = handler == "Everyone" ? "/sessions/end" : $"/sessions/end/{session.Id}";
        using var answer = await browser.SendAsync(
            HttpMethod.Post,
            $"{path}?handler={handler}",
            new FormUrlEncodedContent([new("sure", "true")])
        );
        answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await IsAliveAsync(session.Id)).ShouldBeTrue();
        browser.Dispose();
    }

    [Theory]
    [MemberData(nameof(Handlers))]
    [Trait("Check", "U09")]
    public async Task Ending_sessions_after_an_hour_requires_sign_in(string handler)
    {
        var (_, victim, other) = await admin.SignInAsync(isAdmin: false);
        var (_, session, browser) = await admin.SignInAsync(isAdmin: true);
        var path = handler == "Everyone" ? "/sessions/end" : $"/sessions/end/{victim.Id}";
        using var page = await browser.GetAsync(path);
        var token = Token().Match(await page.Content.ReadAsStringAsync(Cancellation)).Groups["value"].Value;
        await admin.SignInAgainAsync(browser, session, TimeSpan.FromMinutes(61));

        using var answer = await browser.SendAsync(
            HttpMethod.Post,
            $"{path}?handler={handler}",
            new FormUrlEncodedContent([new("__RequestVerificationToken", token), new("sure", "true")]),
            ("Accept", "text/html")
        );

        (answer.StatusCode, answer.Headers.Location!.ToString()).ShouldBe(
            (HttpStatusCode.SeeOther, $"/login?prompt=login&returnUrl={Uri.EscapeDataString(path)}")
        );
        (await IsAliveAsync(victim.Id)).ShouldBeTrue();
        browser.Dispose();
        other.Dispose();
    }

    [Fact]
    public async Task Unknown_session_returns_404()
    {
        var (_, session, browser) = await admin.SignInAsync(isAdmin: true);
        using var page = await browser.GetAsync($"/sessions/end/{Guid.NewGuid()}");
        page.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        using var form = await browser.GetAsync($"/sessions/end/{session.Id}");
        form.StatusCode.ShouldBe(HttpStatusCode.OK);
        browser.Dispose();
    }

    static async Task<string> PageAsync(Browser browser, Guid id)
    {
        using var page = await browser.GetAsync($"/sessions/end/{id}");
        return await page.Content.ReadAsStringAsync(Cancellation);
    }

    internal static async Task<HttpStatusCode> PostAsync(
        Browser browser,
        string path,
        string handler,
        params (string Name, string Value)[] fields
    )
    {
        using var page = await browser.GetAsync(path);
        var token = Token().Match(await page.Content.ReadAsStringAsync(Cancellation)).Groups["value"].Value;
        using var answer = await browser.SendAsync(
            HttpMethod.Post,
            $"{path}?handler={handler}",
            new FormUrlEncodedContent(
                fields
                    .Append(("__RequestVerificationToken", token))
                    .Select(field => new KeyValuePair<string, string>(field.Item1, field.Item2))
            )
        );
        return answer.StatusCode;
    }

    async Task<bool> IsAliveAsync(Guid sid) =>
        (bool)
            (await admin.Database.ExecuteAsync($"SELECT ended_at IS NULL FROM identity.sessions WHERE id = '{sid}'"))!;

    [GeneratedRegex(
        """name="__RequestVerificationToken"[^>]*value="(?<value>[^"]*)""",
        RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000
    )]
    private static partial Regex Token();
}

/// <summary>Ending all sessions, in a separate site.</summary>
public sealed class EndEverySessionTests(AdminUnderTest admin) : IClassFixture<AdminUnderTest>
{
    [Fact]
    [Trait("Check", "L11")]
    public async Task Ending_all_sessions_needs_confirmation_and_includes_the_administrator()
    {
        var (_, _, browser) = await admin.SignInAsync(isAdmin: true);
        var (_, _, other) = await admin.SignInAsync(isAdmin: true);
        const string alive = "SELECT count(*) FROM identity.sessions WHERE ended_at IS NULL";
        (await EndSessionsTests.PostAsync(browser, "/sessions/end", "Everyone")).ShouldBe(HttpStatusCode.OK);
        (await admin.Database.ExecuteAsync(alive)).ShouldBe(2L);

        (await EndSessionsTests.PostAsync(browser, "/sessions/end", "Everyone", ("sure", "true"))).ShouldBe(
            HttpStatusCode.SeeOther
        );

        (await admin.Database.ExecuteAsync(alive)).ShouldBe(0L);
        foreach (var one in new[] { browser, other })
        {
            using var page = await one.GetAsync("/sessions", ("Accept", "application/json"));
            page.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
            one.Dispose();
        }
        (
            await admin.Database.ExecuteAsync(
                """
                SELECT details ->> 'sessions' FROM audit.entries
                    WHERE action = 'sessions-ended-by-admin' AND subject_type = 'everyone'
                """
            )
        ).ShouldBe("2");
    }
}
