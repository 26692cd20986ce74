using System.Net;
using System.Text.RegularExpressions;
using Lightning.Admin.Accounts;
using Lightning.Data.Accounts;
using Lightning.Data.Impersonation;
using Lightning.Data.Users;
using Lightning.Testing;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Admin.Tests;

/// <summary>Account operations: confirmation, permissions, recent sign-in and audit.</summary>
public sealed partial class AccountOperationTests(AdminUnderTest admin) : IClassFixture<AdminUnderTest>
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static TheoryData<string> Acts =>
        ["disable", "enable", "reset-second-factor", "end-sessions", "act-as", "delete"];

    [Theory]
    [MemberData(nameof(Acts))]
    [Trait("Check", "L12"), Trait("Check", "O01")]
    public async Task Account_operation_asks_first_and_is_audited(string act)
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
        if (act == "act-as")
            after.ShouldMatch("^http://localhost:5100/bff/act\\?code=[A-Za-z0-9_-]{43}$");
        else if (act == "delete")
            (await ReadAsync(browser, after)).ShouldContain("Account deleted.");
        else
            (await ReadAsync(browser, after)).ShouldContain(
                WebUtility.HtmlEncode(AccountOperation.All.Single(one => one.Slug == act).Done)
            );
        await using var db = admin.Database.Connect();
        var line = await db.AuditEntries.SingleAsync(entry => entry.SubjectId == ada.Id.ToString(), Cancellation);
        (line.Action, line.Service, line.UserId, line.SessionId).ShouldBe(
            (
                act switch
                {
                    "disable" => "account-disabled",
                    "enable" => "account-enabled",
                    "reset-second-factor" => "second-factor-reset",
                    "end-sessions" => "sessions-ended-by-admin",
                    "delete" => "user.deleted",
                    _ => "acting-asked",
                },
                "lightning_admin",
                root.Id,
                session.Id
            )
        );
        if (act == "act-as")
        {
            // The database stores only a hash of the code.
            var ticket = await db.ImpersonationTickets.SingleAsync(row => row.UserId == ada.Id, Cancellation);
            (
                ticket.CodeHash.SequenceEqual(ImpersonationTicket.Hash(after[^43..])),
                ticket.SessionId,
                ticket.Reason,
                ticket.MayWrite
            ).ShouldBe((true, session.Id, "Ticket 42", false));
            line.Details.ShouldBe("""{"reason": "Ticket 42", "mayWrite": false}""");
        }
        browser.Dispose();
    }

    [Theory]
    [MemberData(nameof(Acts))]
    [Trait("Check", "L12")]
    public async Task Account_operation_by_former_administrator_or_foreign_form_does_nothing(string act)
    {
        var ada = await AddAccountAsync(act);
        var (root, _, browser) = await admin.SignInAsync(isAdmin: true);
        var question = await ReadAsync(browser, Path(ada.Id, act));
        (
            await browser.SendAsync(
                HttpMethod.Post,
                Path(ada.Id, act),
                new FormUrlEncodedContent([new("Reason", "Ticket 42")])
            )
        ).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        await admin.Database.ExecuteAsync($"UPDATE app.users SET is_admin = false WHERE id = '{root.Id}'");
        await Wait.UntilAsync(
            async () =>
                (await browser.GetAsync("/accounts", ("Accept", "text/html"))).StatusCode == HttpStatusCode.Forbidden,
            TimeSpan.FromSeconds(3)
        );
        (await PostAsync(browser, ada.Id, act, question)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await browser.GetAsync(Path(ada.Id, act), ("Accept", "text/html"))).StatusCode.ShouldBe(
            HttpStatusCode.Forbidden
        );
        (await StateAsync(ada.Id, act)).ShouldBe("not yet");
        await NothingWrittenAsync(ada.Id);
        browser.Dispose();
    }

    [Theory]
    [MemberData(nameof(Acts))]
    [Trait("Check", "U09")]
    public async Task Account_operation_after_an_hour_requires_sign_in(string act)
    {
        var ada = await AddAccountAsync(act);
        var (_, session, browser) = await admin.SignInAsync(isAdmin: true);
        var question = await ReadAsync(browser, Path(ada.Id, act));
        await admin.SignInAgainAsync(browser, session, TimeSpan.FromMinutes(61));
        using var answer = await PostAsync(browser, ada.Id, act, question);
        answer.StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        var login = $"/login?prompt=login&returnUrl={Uri.EscapeDataString(Path(ada.Id, act))}";
        // The reason is kept; the other pages have nothing to keep.
        if (act == "act-as")
            answer.Headers.Location!.ToString().ShouldMatch($"^{Regex.Escape(login)}%3F_draft%3D[A-Za-z0-9_-]{{43}}$");
        else
            answer.Headers.Location!.ToString().ShouldBe(login);
        (await StateAsync(ada.Id, act)).ShouldBe("not yet");
        await NothingWrittenAsync(ada.Id);
        // Pages that do not affect other users need only a session.
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
    public async Task Account_operation_on_own_account_is_refused(string act)
    {
        var (root, _, browser) = await admin.SignInAsync(isAdmin: true);
        await using var db = admin.Database.Connect();
        db.Accounts.Add(
            new Account
            {
                Id = root.Id,
                UserName = root.Email,
                Email = root.Email,
                Name = root.Name,
                CreatedAt = root.CreatedAt,
            }
        );
        await db.SaveChangesAsync(Cancellation);
        (await ReadAsync(browser, $"/accounts/{root.Id}")).ShouldNotContain($"/acts/{act}");
        (await browser.GetAsync(Path(root.Id, act), ("Accept", "text/html"))).StatusCode.ShouldBe(
            HttpStatusCode.Forbidden
        );
        var other = await ReadAsync(browser, Path((await AddAccountAsync(act)).Id, act));
        (await PostAsync(browser, root.Id, act, other)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await browser.GetAsync($"/accounts/{root.Id}")).StatusCode.ShouldBe(HttpStatusCode.OK);
        browser.Dispose();
    }

    [Fact]
    public async Task Account_deletion_lists_and_deletes_exactly_its_dependents()
    {
        var (ada, bob) = (await AddAccountAsync("delete"), await AddAccountAsync("delete"));
        await using var db = admin.Database.Connect();
        var now = DateTimeOffset.UtcNow;
        foreach (var owner in new[] { ada, ada, bob })
            db.Notes.Add(
                new()
                {
                    OwnerId = owner.Id,
                    Title = "Mine",
                    Body = "",
                    CreatedAt = now,
                    UpdatedAt = now,
                }
            );
        await db.SaveChangesAsync(Cancellation);
        // Two shares given, one received.
        var (hers, his) = (
            await db.Notes.FirstAsync(note => note.OwnerId == ada.Id, Cancellation),
            await db.Notes.FirstAsync(note => note.OwnerId == bob.Id, Cancellation)
        );
        foreach (
            var (note, address) in new[] { (hers, "one@example.com"), (hers, "two@example.com"), (his, ada.Email) }
        )
            db.NoteShares.Add(
                new()
                {
                    NoteId = note.Id,
                    Address = address,
                    CanEdit = false,
                    CreatedAt = now,
                }
            );
        await db.SaveChangesAsync(Cancellation);
        await admin.Database.ExecuteAsync(
            $"UPDATE app.note_shares SET user_id = '{ada.Id}' WHERE address = '{ada.Email}'"
        );
        var (_, _, browser) = await admin.SignInAsync(isAdmin: true);
        var page = await ReadAsync(browser, $"/accounts/{ada.Id}");
        page.ShouldContain($"""<a href="/accounts/{ada.Id}/history">History</a>""");
        await ReadAsync(browser, $"/accounts/{ada.Id}/history");
        var question = await ReadAsync(browser, Path(ada.Id, "delete"));
        question.ShouldContain("<li>Notes: 2, deleted too</li>");
        // A table that depends on the account in several ways names the foreign key.
        question.ShouldContain("<li>Sessions (by their user): 1, deleted too</li>");
        question.ShouldContain("<li>Shares (by their user): 1, deleted too</li>");
        question.ShouldContain("<li>Shares (by their note&#x2019;s owner): 2, deleted too</li>");
        (await PostAsync(browser, ada.Id, "delete", question)).StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        (
            await db
                .Notes.AsNoTracking()
                .Where(note => note.OwnerId == ada.Id || note.OwnerId == bob.Id)
                .Select(note => note.OwnerId)
                .ToListAsync(Cancellation)
        ).ShouldBe([bob.Id]);
        (await browser.GetAsync($"/accounts/{ada.Id}")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await PostAsync(browser, ada.Id, "delete", question)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        browser.Dispose();
    }

    [Fact]
    public async Task Account_and_user_link_to_each_other()
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
    public async Task Impersonation_of_administrator_or_disabled_user_or_without_reason_is_refused()
    {
        var (ada, shut) = (await AddAccountAsync("act-as"), await AddAccountAsync("enable"));
        var (_, _, browser) = await admin.SignInAsync(isAdmin: true);
        var (other, _, theirs) = await admin.SignInAsync(isAdmin: true);
        foreach (var id in new[] { other.Id, shut.Id })
            (await browser.GetAsync(Path(id, "act-as"), ("Accept", "text/html"))).StatusCode.ShouldBe(
                HttpStatusCode.Forbidden
            );
        var question = await ReadAsync(browser, Path(ada.Id, "act-as"));
        foreach (var reason in new[] { "", "   ", new string('a', 201), "two\nlines" })
        {
            using var answer = await PostAsync(browser, ada.Id, "act-as", question, reason);
            answer.StatusCode.ShouldBe(HttpStatusCode.OK);
            (await answer.Content.ReadAsStringAsync(Cancellation)).ShouldContain("field-validation-error");
        }
        // The user becomes an administrator while the confirmation page is open.
        await admin.Database.ExecuteAsync($"UPDATE app.users SET is_admin = true WHERE id = '{ada.Id}'");
        (await PostAsync(browser, ada.Id, "act-as", question)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await StateAsync(ada.Id, "act-as")).ShouldBe("not yet");
        browser.Dispose();
        theirs.Dispose();
    }

    [Fact]
    public async Task Account_operation_that_is_unknown_returns_404()
    {
        var ada = await AddAccountAsync("disable");
        var (_, _, browser) = await admin.SignInAsync(isAdmin: true);
        foreach (
            var path in new[]
            {
                Path(ada.Id, "praise"),
                Path(Guid.NewGuid(), "disable"),
                Path(Guid.NewGuid(), "act-as"),
            }
        )
            (await browser.GetAsync(path, ("Accept", "text/html"))).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await browser.GetAsync(Path(ada.Id, "enable"), ("Accept", "text/html"))).StatusCode.ShouldBe(
            HttpStatusCode.Forbidden,
            "there is nothing to enable"
        );
        browser.Dispose();
    }

    /// <summary>Creates a user on whom the operation is possible.</summary>
    async Task<User> AddAccountAsync(string act)
    {
        await using var db = admin.Database.Connect();
        var user = await db.AddUserAsync($"ada-{Guid.NewGuid():N}");
        db.Accounts.Add(
            new Account
            {
                Id = user.Id,
                UserName = user.Email,
                Email = user.Email,
                Name = user.Name,
                CreatedAt = user.CreatedAt,
                TwoFactorEnabled = act == "reset-second-factor",
            }
        );
        await db.SaveChangesAsync(Cancellation);
        await db.AddSessionAsync(user);
        if (act == "enable")
            await admin.Database.ExecuteAsync($"UPDATE app.users SET disabled_at = now() WHERE id = '{user.Id}'");
        return user;
    }

    /// <summary>Whether the operation was performed, according to the database.</summary>
    async Task<string> StateAsync(Guid id, string act)
    {
        const string ended = "NOT EXISTS (SELECT FROM identity.sessions WHERE user_id = '{0}' AND ended_at IS NULL)";
        var condition = act switch
        {
            "disable" => "(SELECT disabled_at IS NOT NULL FROM app.users WHERE id = '{0}') AND " + ended,
            "enable" => "(SELECT disabled_at IS NULL FROM app.users WHERE id = '{0}')",
            "reset-second-factor" => "(SELECT NOT two_factor_enabled FROM identity.accounts WHERE id = '{0}') AND "
                + ended,
            "end-sessions" => ended,
            "delete" => """
                NOT EXISTS (SELECT FROM app.users WHERE id = '{0}') AND NOT EXISTS (SELECT
                    FROM identity.accounts WHERE id = '{0}') AND
                """
                + " "
                + ended,
            _ => "EXISTS (SELECT FROM identity.handovers WHERE user_id = '{0}')",
        };
        return (bool)
            (
                await admin.Database.ExecuteAsync(
                    $"SELECT {condition.Replace("{0}", id.ToString(), StringComparison.Ordinal)}"
                )
            )!
            ? "done"
            : "not yet";
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

    static Task<HttpResponseMessage> PostAsync(
        Browser browser,
        Guid account,
        string act,
        string page,
        string reason = " Ticket 42 "
    ) =>
        browser.SendAsync(
            HttpMethod.Post,
            Path(account, act),
            new FormUrlEncodedContent([
                new("Reason", reason),
                new("__RequestVerificationToken", Token().Matches(page)[^1].Groups["value"].Value),
            ]),
            ("Accept", "text/html")
        );

    [GeneratedRegex(
        """name="__RequestVerificationToken"[^>]*value="(?<value>[^"]*)""",
        RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000
    )]
    private static partial Regex Token();
}
