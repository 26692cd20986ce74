using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Lightning.Data.Audit;
using Lightning.Testing;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Bff.Tests;

/// <summary>The list of the user's sessions.</summary>
public sealed class DevicesTests(PostgresServer server) : IAsyncLifetime
{
    readonly BffUnderTest bff = new(server);

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => bff.InitializeAsync();

    public ValueTask DisposeAsync() => bff.DisposeAsync();

    [Fact]
    [Trait("Check", "L10")]
    public async Task Sessions_AreListedForTheUserOnly_ThisOneFirst()
    {
        using var laptop = await bff.SignInAsync();
        using var phone = await bff.SignInAgainAsync(laptop.User);
        using var ended = await bff.SignInAgainAsync(laptop.User);
        using var idle = await bff.SignInAgainAsync(laptop.User);
        using var stranger = await bff.SignInAsync();
        await bff.Database.ExecuteAsync($"SELECT identity.end_session('{ended.Session.Id}', 'test')");
        await bff.Database.ExecuteAsync(
            $"""
            UPDATE identity.sessions SET last_seen_at = last_seen_at - interval '13 hours'
                WHERE id = '{idle.Session.Id}'
            """
        );
        await bff.Database.ExecuteAsync(
            $"""
            UPDATE identity.sessions SET device = 'Firefox on Linux', ip = '192.0.2.7', last_seen_at =
                last_seen_at + interval '1 minute' WHERE id = '{phone.Session.Id}'
            """
        );

        // The impersonation of an administrator is listed and marked.
        var acting = Guid.CreateVersion7();
        await bff.Database.ExecuteAsync(
            $"""
            INSERT INTO identity.sessions (id, issuer, user_id, created_at, auth_time, last_seen_at, ends_at, methods,
                actor_id, actor_sid)
                SELECT '{acting}', issuer, user_id, created_at, 'epoch', last_seen_at - interval '1 minute', ends_at,
                    methods, '{stranger.User.Id}', '{stranger.Session.Id}' FROM identity.sessions
                    WHERE id = '{laptop.Session.Id}'
            """
        );

        using var answer = await laptop.FetchAsync("/bff/sessions");
        var list = (await answer.Content.ReadFromJsonAsync<JsonElement[]>(Cancellation))!;

        list.Select(one => one.GetProperty("id").GetGuid()).ShouldBe([laptop.Session.Id, phone.Session.Id, acting]);
        list.Select(one => one.GetProperty("current").GetBoolean()).ShouldBe([true, false, false]);
        list.Select(one => one.GetProperty("acting").GetBoolean()).ShouldBe([false, false, true]);
        list[1].GetProperty("device").GetString().ShouldBe("Firefox on Linux");
        list[1].GetProperty("ip").GetString().ShouldBe("192.0.2.7");
        list[1].GetProperty("methods").EnumerateArray().Select(method => method.GetString()).ShouldBe(["pwd"]);
        answer.Headers.CacheControl!.ToString().ShouldBe("no-store");
    }

    [Fact]
    [Trait("Check", "L10")]
    public async Task Sessions_EndedSinglyOrAllOthers_EndAtOnce_AndAreAudited()
    {
        using var laptop = await bff.SignInAsync();
        using var phone = await bff.SignInAgainAsync(laptop.User);
        using var tablet = await bff.SignInAgainAsync(laptop.User);
        using var work = await bff.SignInAgainAsync(laptop.User);
        foreach (var device in new[] { laptop, phone, tablet, work })
            (await device.StatusOfAsync()).ShouldBe(HttpStatusCode.OK);

        (await EndAsync(laptop, $"/{phone.Session.Id}")).ShouldBe(HttpStatusCode.NoContent);
        (await phone.StatusOfAsync()).ShouldBe(HttpStatusCode.Unauthorized);
        (await tablet.StatusOfAsync()).ShouldBe(HttpStatusCode.OK);
        (await EndAsync(laptop, $"/{phone.Session.Id}")).ShouldBe(HttpStatusCode.NotFound);

        (await EndAsync(laptop, "")).ShouldBe(HttpStatusCode.BadRequest);
        (await tablet.StatusOfAsync()).ShouldBe(HttpStatusCode.OK);
        (await EndAsync(laptop, "?others=true")).ShouldBe(HttpStatusCode.NoContent);
        foreach (var device in new[] { tablet, work })
            (await device.StatusOfAsync()).ShouldBe(HttpStatusCode.Unauthorized);
        (await laptop.StatusOfAsync()).ShouldBe(HttpStatusCode.OK);

        var book = await BookAsync();
        book.Select(entry => (entry.Action, entry.UserId, entry.SessionId, entry.SubjectType))
            .ShouldBe([
                ("sessions-ended", laptop.User.Id, laptop.Session.Id, "session"),
                ("sessions-ended", laptop.User.Id, laptop.Session.Id, "user"),
            ]);
        book[0].SubjectId.ShouldBe(phone.Session.Id.ToString());
        JsonDocument.Parse(book[1].Details!).RootElement.GetProperty("sessions").GetInt32().ShouldBe(2);
    }

    [Fact]
    [Trait("Check", "L14")]
    public async Task Sessions_OfAnotherUser_CannotBeSeenOrEnded()
    {
        using var ada = await bff.SignInAsync();
        using var eve = await bff.SignInAsync();
        await bff.Database.ExecuteAsync($"UPDATE app.users SET is_admin = true WHERE id = '{eve.User.Id}'");
        await Wait.UntilAsync(async () =>
            (await (await eve.FetchAsync("/bff/user")).Content.ReadAsStringAsync(Cancellation)).Contains(
                "\"isAdmin\":true",
                StringComparison.Ordinal
            )
        );

        (await (await eve.FetchAsync("/bff/sessions")).Content.ReadAsStringAsync(Cancellation)).ShouldNotContain(
            ada.Session.Id.ToString()
        );
        (await EndAsync(eve, $"/{ada.Session.Id}")).ShouldBe(HttpStatusCode.NotFound);
        (await EndAsync(eve, $"/{Guid.NewGuid()}")).ShouldBe(HttpStatusCode.NotFound);
        (await EndAsync(eve, "?others=true")).ShouldBe(HttpStatusCode.NoContent);

        (await ada.StatusOfAsync()).ShouldBe(HttpStatusCode.OK);
        (await BookAsync()).ShouldBeEmpty();
    }

    [Fact]
    [Trait("Check", "L10")]
    public async Task Sessions_WithoutRecentAuthentication_AreListedButNotEnded()
    {
        using var laptop = await bff.SignInAsync();
        using var phone = await bff.SignInAgainAsync(laptop.User);
        bff.Clock.Advance(TimeSpan.FromMinutes(16));

        (await laptop.StatusOfAsync("/bff/sessions")).ShouldBe(HttpStatusCode.OK);
        foreach (var path in new[] { $"/{phone.Session.Id}", "?others=true" })
        {
            using var refused = await laptop.Browser.FetchAsync(HttpMethod.Delete, $"/bff/sessions{path}");
            refused.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
            (await refused.Content.ReadFromJsonAsync<JsonElement>(Cancellation))
                .GetProperty("type")
                .GetString()
                .ShouldBe("/problems/reauthentication-required");
        }
        (await phone.StatusOfAsync()).ShouldBe(HttpStatusCode.OK);

        // A sign-in of the same session in another browser proves nothing about this cookie (ASVS 5.0, 7.2.4).
        using var stolen = bff.NewBrowser();
        stolen.SetCookie(BffUnderTest.SessionCookie, laptop.Browser.Cookie(BffUnderTest.SessionCookie)!);
        await bff.Database.ExecuteAsync(
            $"""
            UPDATE identity.sessions SET auth_time = auth_time + interval '16 minutes'
                WHERE id = '{laptop.Session.Id}';
            SELECT pg_notify('lightning', 'session:{laptop.Session.Id}')
            """
        );
        (await EndAsync(laptop, $"/{phone.Session.Id}")).ShouldBe(HttpStatusCode.Forbidden);
        await bff.ReauthenticateAsync(laptop);
        (await stolen.FetchAsync(HttpMethod.Get, "/bff/user")).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        (await EndAsync(laptop, $"/{phone.Session.Id}")).ShouldBe(HttpStatusCode.NoContent);
        (await phone.StatusOfAsync()).ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Theory]
    [InlineData("GET", "")]
    [InlineData("DELETE", "?others=true")]
    [Trait("Check", "B17")]
    public async Task Sessions_WithoutTheHeader_AreRefused_AndNotEnded(string method, string path)
    {
        using var laptop = await bff.SignInAsync();
        using var phone = await bff.SignInAgainAsync(laptop.User);

        (await laptop.Browser.SendAsync(new HttpMethod(method), $"/bff/sessions{path}", null)).StatusCode.ShouldBe(
            HttpStatusCode.Forbidden
        );

        (await phone.StatusOfAsync()).ShouldBe(HttpStatusCode.OK);

        using var anonymous = bff.NewBrowser();
        (await anonymous.FetchAsync(new HttpMethod(method), $"/bff/sessions{path}")).StatusCode.ShouldBe(
            HttpStatusCode.Unauthorized
        );
    }

    [Fact]
    [Trait("Check", "B26")]
    public async Task Watch_EndsWithTheSession_AndDoesNotExtendIt()
    {
        using var laptop = await bff.SignInAsync();
        using var phone = await bff.SignInAgainAsync(laptop.User);
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(bff.Address, "/bff/watch"))
        {
            Headers =
            {
                { "X-CSRF", "1" },
                { "Cookie", $"{BffUnderTest.SessionCookie}={phone.Browser.Cookie(BffUnderTest.SessionCookie)}" },
            },
        };
        bff.Clock.Advance(TimeSpan.FromMinutes(2));
        using var answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancellation);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        using var lines = new StreamReader(await answer.Content.ReadAsStreamAsync(Cancellation));
        (await lines.ReadLineAsync(Cancellation)).ShouldBe(":");
        // Two minutes of use would be written.
        using (var user = await phone.FetchAsync("/bff/user?slide=false"))
            (await user.Content.ReadFromJsonAsync<JsonElement>(Cancellation))
                .GetProperty("session")
                .GetProperty("idleEndsAt")
                .GetDateTimeOffset()
                .ShouldBe(phone.Session.LastSeenAt.AddHours(12), TimeSpan.FromMinutes(1));

        (await EndAsync(laptop, "?others=true")).ShouldBe(HttpStatusCode.NoContent);

        await Should.ThrowAsync<IOException>(async () =>
            await lines.ReadToEndAsync(Cancellation).WaitAsync(TimeSpan.FromSeconds(3), Cancellation)
        );
        (await phone.StatusOfAsync()).ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task Watch_ReplicaStops_DoesNotDelayIt()
    {
        var old = bff.Start();
        using var laptop = await bff.SignInAsync(old);
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(old, "/bff/watch"))
        {
            Headers =
            {
                { "X-CSRF", "1" },
                { "Cookie", $"{BffUnderTest.SessionCookie}={laptop.Browser.Cookie(BffUnderTest.SessionCookie)}" },
            },
        };
        using var answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancellation);
        var rest = answer.Content.ReadAsStringAsync(Cancellation);

        await bff.StopAsync(old).WaitAsync(TimeSpan.FromSeconds(5), Cancellation);

        // The stream completes, so the page shows no error.
        (await rest)
            .Trim()
            .ShouldBe(":");
    }

    static async Task<HttpStatusCode> EndAsync(SignedIn person, string path)
    {
        using var answer = await person.Browser.FetchAsync(HttpMethod.Delete, $"/bff/sessions{path}");
        return answer.StatusCode;
    }

    async Task<List<AuditEntry>> BookAsync()
    {
        await using var db = bff.Database.Connect();
        return await db
            .AuditEntries.AsNoTracking()
            .Where(entry => entry.Action == "sessions-ended")
            .OrderBy(entry => entry.Id)
            .ToListAsync(Cancellation);
    }
}
