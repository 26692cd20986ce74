using System.Net;
using System.Text.RegularExpressions;
using Lightning.Admin.Accounts;
using Lightning.Data.Accounts;
using Lightning.Data.Acting;
using Lightning.Data.Users;
using Lightning.Testing;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Admin.Tests;

/// <summary>What an administrator does about an account: asked first, by whom may, with a recent sign-in, and written down.</summary>
public sealed partial class AccountActTests(AdminUnderTest admin) : IClassFixture<AdminUnderTest>
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static TheoryData<string> Acts => ["disable", "enable", "reset-second-factor", "end-sessions", "act-as", "delete"];

    [Theory]
    [MemberData(nameof(Acts))]
    [Trait("Check", "L12"), Trait("Check", "O01")]
    public async Task Act_ByAnAdministrator_AsksFirst_IsDone_AndIsALineOfTheBook(string act)
    {
        var ada = await AddAccountAsync(act);
        var (root, session, browser) = await admin.SignInAsync(isAdmin: true);
        (await ReadAsync(browser, $"/accounts/{ada.Id}")).ShouldContain($"/accounts/{ada.Id}/acts/{act}");
        var question = await ReadAsync(browser, Path(ada.Id, act));
        question.ShouldContain(ada.Email);
        (await StateAsync(ada.Id, act)).ShouldBe("not yet");

        using var done = await PostAsync(browser, ada.Id, act, question);

        done.StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        (await StateAsync(ada.Id, act)).ShouldBe("done");
        var after = done.Headers.Location!.ToString();
        if (act == "act-as") after.ShouldMatch("^http://localhost:5100/bff/act\\?code=[A-Za-z0-9_-]{43}$");
        else if (act == "delete") (await ReadAsync(browser, after)).ShouldContain("Account deleted.");
        else (await ReadAsync(browser, after)).ShouldContain(WebUtility.HtmlEncode(AccountAct.All.Single(one => one.Slug == act).Done));
        await using var db = admin.Database.Connect();
        var line = await db.AuditEntries.SingleAsync(entry => entry.SubjectId == ada.Id.ToString(), Cancellation);
        (line.Action, line.Service, line.UserId, line.SessionId).ShouldBe((act switch
        {
            "disable" => "account-disabled",
            "enable" => "account-enabled",
            "reset-second-factor" => "second-factor-reset",
            "end-sessions" => "sessions-ended-by-admin",
            "delete" => "user.deleted",
            _ => "acting-asked",
        }, "lightning_admin", root.Id, session.Id));
        if (act == "act-as")
        {
            // What went to the browser is kept as a hash only.
            var handover = await db.Handovers.SingleAsync(row => row.UserId == ada.Id, Cancellation);
            (handover.CodeHash.SequenceEqual(Handover.Hash(after[^43..])), handover.SessionId, handover.Reason).ShouldBe((true, session.Id, "Ticket 42"));
            line.Details.ShouldBe("""{"reason": "Ticket 42"}""");
        }
        browser.Dispose();
    }

    [Theory]
    [MemberData(nameof(Acts))]
    [Trait("Check", "L12")]
    public async Task Act_BySomebodyWhoIsNoAdministratorAnyMore_OrWithoutTheSitesForm_DoesNothing(string act)
    {
        var ada = await AddAccountAsync(act);
        var (root, _, browser) = await admin.SignInAsync(isAdmin: true);
        var question = await ReadAsync(browser, Path(ada.Id, act));
        (await browser.SendAsync(HttpMethod.Post, Path(ada.Id, act), new FormUrlEncodedContent([new("Reason", "Ticket 42")]))).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        await admin.Database.ExecuteAsync($"UPDATE app.users SET is_admin = false WHERE id = '{root.Id}'");
        await Wait.UntilAsync(async () => (await browser.GetAsync("/accounts", ("Accept", "text/html"))).StatusCode == HttpStatusCode.Forbidden, TimeSpan.FromSeconds(3));
        (await PostAsync(browser, ada.Id, act, question)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await browser.GetAsync(Path(ada.Id, act), ("Accept", "text/html"))).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await StateAsync(ada.Id, act)).ShouldBe("not yet");
        await NothingWrittenAsync(ada.Id);
        browser.Dispose();
    }

    [Theory]
    [MemberData(nameof(Acts))]
    [Trait("Check", "U09")]
    public async Task Act_AfterAnHour_LeadsThroughSigningInAgain_AndDoesNothing(string act)
    {
        var ada = await AddAccountAsync(act);
        var (_, session, browser) = await admin.SignInAsync(isAdmin: true);
        var question = await ReadAsync(browser, Path(ada.Id, act));
        await admin.Database.ExecuteAsync($"UPDATE identity.sessions SET auth_time = now() - interval '61 minutes' WHERE id = '{session.Id}'");
        await Wait.UntilAsync(async () => (await browser.GetAsync(Path(ada.Id, act), ("Accept", "text/html"))).StatusCode == HttpStatusCode.SeeOther, TimeSpan.FromSeconds(3));
        using var answer = await PostAsync(browser, ada.Id, act, question);
        (answer.StatusCode, answer.Headers.Location!.ToString()).ShouldBe((HttpStatusCode.SeeOther, $"/login?prompt=login&returnUrl={Uri.EscapeDataString(Path(ada.Id, act))}"));
        (await StateAsync(ada.Id, act)).ShouldBe("not yet");
        await NothingWrittenAsync(ada.Id);
        // What does not act upon anybody needs no more than a session.
        (await browser.GetAsync($"/accounts/{ada.Id}")).StatusCode.ShouldBe(HttpStatusCode.OK);
        browser.Dispose();
    }

    [Theory]
    [InlineData("disable")]
    [InlineData("enable")]
    [InlineData("reset-second-factor")]
    [InlineData("act-as")]
    [InlineData("delete")]
    [Trait("Check", "L12")]
    public async Task Act_UponOneself_IsNotOfferedAndRefused(string act)
    {
        var (root, _, browser) = await admin.SignInAsync(isAdmin: true);
        await using var db = admin.Database.Connect();
        db.Accounts.Add(new Account { Id = root.Id, UserName = root.Email, Email = root.Email, Name = root.Name, CreatedAt = root.CreatedAt });
        await db.SaveChangesAsync(Cancellation);
        (await ReadAsync(browser, $"/accounts/{root.Id}")).ShouldNotContain($"/acts/{act}");
        (await browser.GetAsync(Path(root.Id, act), ("Accept", "text/html"))).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        var other = await ReadAsync(browser, Path((await AddAccountAsync(act)).Id, act));
        (await PostAsync(browser, root.Id, act, other)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await browser.GetAsync($"/accounts/{root.Id}")).StatusCode.ShouldBe(HttpStatusCode.OK);
        browser.Dispose();
    }

    [Fact]
    public async Task Deleting_SaysFirstWhatGoesAlong_AndTakesThat_AndNothingElse()
    {
        var (ada, bob) = (await AddAccountAsync("delete"), await AddAccountAsync("delete"));
        await using var db = admin.Database.Connect();
        var now = DateTimeOffset.UtcNow;
        foreach (var owner in new[] { ada, ada, bob }) db.Notes.Add(new() { OwnerId = owner.Id, Title = "Mine", Body = "", CreatedAt = now, UpdatedAt = now });
        await db.SaveChangesAsync(Cancellation);
        // Two of hers given, and one of his received.
        var (hers, his) = (await db.Notes.FirstAsync(note => note.OwnerId == ada.Id, Cancellation), await db.Notes.FirstAsync(note => note.OwnerId == bob.Id, Cancellation));
        foreach (var (note, address) in new[] { (hers, "one@example.com"), (hers, "two@example.com"), (his, ada.Email) }) db.NoteShares.Add(new() { NoteId = note.Id, Address = address, CanEdit = false, CreatedAt = now });
        await db.SaveChangesAsync(Cancellation);
        await admin.Database.ExecuteAsync($"UPDATE app.note_shares SET user_id = '{ada.Id}' WHERE address = '{ada.Email}'");
        var (_, _, browser) = await admin.SignInAsync(isAdmin: true);
        var page = await ReadAsync(browser, $"/accounts/{ada.Id}");
        page.ShouldContain($"""<a href="/accounts/{ada.Id}/history">History</a>""");
        await ReadAsync(browser, $"/accounts/{ada.Id}/history");
        var question = await ReadAsync(browser, Path(ada.Id, "delete"));
        question.ShouldContain("<li>Notes: 2, deleted too</li>");
        // What hangs on it in more ways than one, the line says by which.
        question.ShouldContain("<li>Sessions (by their user): 1, deleted too</li>");
        question.ShouldContain("<li>Shares (by their user): 1, deleted too</li>");
        question.ShouldContain("<li>Shares (by their note&#x2019;s owner): 2, deleted too</li>");
        (await PostAsync(browser, ada.Id, "delete", question)).StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        (await db.Notes.AsNoTracking().Where(note => note.OwnerId == ada.Id || note.OwnerId == bob.Id).Select(note => note.OwnerId).ToListAsync(Cancellation)).ShouldBe([bob.Id]);
        (await browser.GetAsync($"/accounts/{ada.Id}")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await PostAsync(browser, ada.Id, "delete", question)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        browser.Dispose();
    }

    [Fact]
    public async Task Account_AndUser_LeadToEachOther_AndAUserOfAnotherProviderToNone()
    {
        var ada = await AddAccountAsync("disable");
        var (root, _, browser) = await admin.SignInAsync(isAdmin: true);
        (await ReadAsync(browser, $"/accounts/{ada.Id}")).ShouldContain($"<a href=\"/users/{ada.Id}\">User</a>");
        (await ReadAsync(browser, $"/users/{ada.Id}")).ShouldContain($"<a href=\"/accounts/{ada.Id}\">{ada.Email}</a>");
        var without = WebUtility.HtmlDecode(await ReadAsync(browser, $"/users/{root.Id}"));
        without.ShouldMatch("<dt>Account</dt>\\s*<dd class=\"text\">–</dd>");
        without.ShouldNotContain($"/accounts/{root.Id}");
        browser.Dispose();
    }

    [Fact]
    public async Task ActingAs_AnAdministrator_SomebodyShutOut_OrWithoutAReason_IsNotBegun()
    {
        var (ada, shut) = (await AddAccountAsync("act-as"), await AddAccountAsync("enable"));
        var (_, _, browser) = await admin.SignInAsync(isAdmin: true);
        var (other, _, theirs) = await admin.SignInAsync(isAdmin: true);
        foreach (var id in new[] { other.Id, shut.Id }) (await browser.GetAsync(Path(id, "act-as"), ("Accept", "text/html"))).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        var question = await ReadAsync(browser, Path(ada.Id, "act-as"));
        foreach (var reason in new[] { "", "   ", new string('a', 201), "two\nlines" })
        {
            using var answer = await PostAsync(browser, ada.Id, "act-as", question, reason);
            answer.StatusCode.ShouldBe(HttpStatusCode.OK);
            (await answer.Content.ReadAsStringAsync(Cancellation)).ShouldContain("field-validation-error");
        }
        // They are made an administrator while the question stands on the screen.
        await admin.Database.ExecuteAsync($"UPDATE app.users SET is_admin = true WHERE id = '{ada.Id}'");
        (await PostAsync(browser, ada.Id, "act-as", question)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await StateAsync(ada.Id, "act-as")).ShouldBe("not yet");
        browser.Dispose();
        theirs.Dispose();
    }

    [Fact]
    public async Task Act_NobodyKnows_OrUponNobody_IsNotFound()
    {
        var ada = await AddAccountAsync("disable");
        var (_, _, browser) = await admin.SignInAsync(isAdmin: true);
        foreach (var path in new[] { Path(ada.Id, "praise"), Path(Guid.NewGuid(), "disable"), Path(Guid.NewGuid(), "act-as") })
            (await browser.GetAsync(path, ("Accept", "text/html"))).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await browser.GetAsync(Path(ada.Id, "enable"), ("Accept", "text/html"))).StatusCode.ShouldBe(HttpStatusCode.Forbidden, "there is nothing to enable");
        browser.Dispose();
    }

    /// <summary>Somebody about whom the act can be done.</summary>
    async Task<User> AddAccountAsync(string act)
    {
        await using var db = admin.Database.Connect();
        var user = await db.AddUserAsync($"ada-{Guid.NewGuid():N}");
        db.Accounts.Add(new Account { Id = user.Id, UserName = user.Email, Email = user.Email, Name = user.Name, CreatedAt = user.CreatedAt, TwoFactorEnabled = act == "reset-second-factor" });
        await db.SaveChangesAsync(Cancellation);
        await db.AddSessionAsync(user);
        if (act == "enable") await admin.Database.ExecuteAsync($"UPDATE app.users SET disabled_at = now() WHERE id = '{user.Id}'");
        return user;
    }

    /// <summary>Whether it was done, as the database has it.</summary>
    async Task<string> StateAsync(Guid id, string act)
    {
        const string ended = "NOT EXISTS (SELECT FROM identity.sessions WHERE user_id = '{0}' AND ended_at IS NULL)";
        var condition = act switch
        {
            "disable" => "(SELECT disabled_at IS NOT NULL FROM app.users WHERE id = '{0}') AND " + ended,
            "enable" => "(SELECT disabled_at IS NULL FROM app.users WHERE id = '{0}')",
            "reset-second-factor" => "(SELECT NOT two_factor_enabled FROM identity.accounts WHERE id = '{0}') AND " + ended,
            "end-sessions" => ended,
            "delete" => "NOT EXISTS (SELECT FROM app.users WHERE id = '{0}') AND NOT EXISTS (SELECT FROM identity.accounts WHERE id = '{0}') AND " + ended,
            _ => "EXISTS (SELECT FROM identity.handovers WHERE user_id = '{0}')",
        };
        return (bool)(await admin.Database.ExecuteAsync($"SELECT {condition.Replace("{0}", id.ToString(), StringComparison.Ordinal)}"))! ? "done" : "not yet";
    }

    async Task NothingWrittenAsync(Guid id)
    {
        await using var db = admin.Database.Connect();
        (await db.AuditEntries.AnyAsync(entry => entry.SubjectId == id.ToString(), Cancellation)).ShouldBeFalse();
    }

    static string Path(Guid id, string act) => $"/accounts/{id}/acts/{act}";

    static async Task<string> ReadAsync(Browser browser, string path)
    {
        using var answer = await browser.GetAsync(path, ("Accept", "text/html"));
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, path);
        return await answer.Content.ReadAsStringAsync(Cancellation);
    }

    static Task<HttpResponseMessage> PostAsync(Browser browser, Guid account, string act, string page, string reason = " Ticket 42 ") => browser.SendAsync(HttpMethod.Post, Path(account, act),
        new FormUrlEncodedContent([new("Reason", reason), new("__RequestVerificationToken", Token().Matches(page)[^1].Groups["value"].Value)]), ("Accept", "text/html"));

    [GeneratedRegex("""name="__RequestVerificationToken"[^>]*value="(?<value>[^"]*)""", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Token();
}
