using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Lightning.Admin.Drafts;
using Lightning.Data.Sessions;
using Lightning.Data.Users;
using Lightning.Testing;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Admin.Tests;

/// <summary>Forms that are posted after the session has ended, or when the user must sign in again.</summary>
public sealed partial class FormDraftTests(AdminUnderTest admin) : IClassFixture<AdminUnderTest>
{
    static readonly (string, string)[] Html = [("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")];

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("A new name")]
    [InlineData("<b>\"quoted\"</b> & 'more' ü 会議")]
    public async Task Form_after_the_session_ended_comes_back_with_its_values_and_saves_when_sent_again(string name)
    {
        var (user, session, browser) = await admin.SignInAsync(isAdmin: true);
        var path = $"/users/{user.Id}/edit";
        var form = await ReadAsync(browser, path);
        await EndAsync(browser, session);

        using var sent = await PostAsync(browser, path, form, [new("name", name)]);
        using var page = await SignInAgainAsync(browser, user, sent);

        sent.StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        sent.Headers.Location!.ToString().ShouldStartWith($"/login?returnUrl={Uri.EscapeDataString(path)}");
        var shown = await page.Content.ReadAsStringAsync(Cancellation);
        shown.ShouldContain("Not saved yet.");
        WebUtility.HtmlDecode(shown).ShouldContain($"value=\"{name}\"");
        (await NameAsync(user)).ShouldBe("Ada", "nothing is executed by itself");
        (await DraftsAsync()).ShouldAllBe(draft => !Encoding.UTF8.GetString(draft).Contains("name"));

        using var again = await PostAsync(browser, path, shown, [new("name", name)]);
        again.StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        (await NameAsync(user)).ShouldBe(name);
        browser.Dispose();
    }

    [Fact]
    public async Task Form_is_not_shown_to_another_user_at_another_path_or_after_its_time()
    {
        var (user, session, browser) = await admin.SignInAsync(isAdmin: true);
        var path = $"/users/{user.Id}/edit";
        var form = await ReadAsync(browser, path);
        await EndAsync(browser, session);
        using var sent = await PostAsync(browser, path, form, [new("name", "Typed before")]);
        using var own = await SignInAgainAsync(browser, user, sent);
        (await own.Content.ReadAsStringAsync(Cancellation)).ShouldContain("Typed before");
        var id = ReturnUrl(sent)[(path.Length + $"?{FormDrafts.Parameter}=".Length)..];

        // Another form of the same user, another user in the same browser, an id that is no draft, and later.
        await ShowsNothingAsync(browser, $"/notes/-/new?{FormDrafts.Parameter}={id}");
        await ShowsNothingAsync(browser, $"{path}?{FormDrafts.Parameter}={id[..^2]}AA");
        var (_, _, stranger) = await admin.SignInAsync(isAdmin: true);
        await ShowsNothingAsync(stranger, $"{path}?{FormDrafts.Parameter}={id}");
        await using (var db = admin.Database.Connect())
        {
            var other = await db.AddUserAsync($"other-{Guid.NewGuid():N}", isAdmin: true);
            await db
                .Users.Where(row => row.Id == other.Id)
                .ExecuteUpdateAsync(row => row.SetProperty(one => one.Issuer, admin.Provider.Issuer), Cancellation);
            var theirs = await NewSessionAsync(other);
            await admin.SignInAgainAsync(browser, theirs, TimeSpan.Zero);
        }
        await ShowsNothingAsync(browser, $"{path}?{FormDrafts.Parameter}={id}");
        await admin.SignInAgainAsync(browser, await NewSessionAsync(user), TimeSpan.Zero);
        (await ReadAsync(browser, $"{path}?{FormDrafts.Parameter}={id}")).ShouldContain("Typed before");
        await admin.Database.ExecuteAsync("UPDATE web.form_drafts SET expires_at = now()");
        await ShowsNothingAsync(browser, $"{path}?{FormDrafts.Parameter}={id}");
        browser.Dispose();
        stranger.Dispose();
    }

    [Fact]
    public async Task Form_without_this_sites_token_is_not_shown()
    {
        var (user, session, browser) = await admin.SignInAsync(isAdmin: true);
        var path = $"/users/{user.Id}/edit";
        await ReadAsync(browser, path);
        await EndAsync(browser, session);

        using var forged = await browser.SendAsync(
            HttpMethod.Post,
            path,
            new FormUrlEncodedContent([new("name", "Forged")]),
            Html
        );
        using var page = await SignInAgainAsync(browser, user, forged);

        (await page.Content.ReadAsStringAsync(Cancellation)).ShouldNotContain("Forged");
        (await NameAsync(user)).ShouldBe("Ada");
        browser.Dispose();
    }

    [Theory]
    [InlineData("Accept", "application/json")]
    [InlineData("Sec-Fetch-Site", "cross-site")]
    [InlineData("Sec-Fetch-Mode", "cors")]
    public async Task Form_of_a_script_or_another_site_is_refused_and_not_kept(string header, string value)
    {
        using var browser = admin.NewBrowser();
        var before = (await DraftsAsync()).Count;
        (string, string)[] headers = header == "Accept" ? [(header, value)] : [.. Html, (header, value)];

        using var answer = await browser.SendAsync(
            HttpMethod.Post,
            "/notes/-/new",
            new FormUrlEncodedContent([new("title", "Forged")]),
            headers
        );

        answer.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        (await DraftsAsync()).Count.ShouldBe(before);
    }

    [Fact]
    public async Task Form_that_is_too_large_to_keep_says_so()
    {
        var (user, session, browser) = await admin.SignInAsync(isAdmin: true);
        var form = await ReadAsync(browser, "/notes/-/new");
        await EndAsync(browser, session);
        var before = (await DraftsAsync()).Count;

        using var sent = await PostAsync(
            browser,
            "/notes/-/new",
            form,
            [new("title", "Large"), new("body", new string('x', FormDrafts.MaxBytes))]
        );
        using var page = await SignInAgainAsync(browser, user, sent);

        var shown = await page.Content.ReadAsStringAsync(Cancellation);
        shown.ShouldContain("too large to keep");
        shown.ShouldContain("name=\"title\"");
        (await DraftsAsync()).Count.ShouldBe(before);
        browser.Dispose();
    }

    [Fact]
    public async Task Drafts_are_limited_in_number()
    {
        await admin.Database.ExecuteAsync(
            $"""
            INSERT INTO web.form_drafts (id_hash, content, expires_at)
                SELECT sha256(n::text::bytea), '', now() + n * interval '1 second'
                FROM generate_series(1, {FormDrafts.MaxDrafts + 50}) AS n
            """
        );
        var (user, session, browser) = await admin.SignInAsync(isAdmin: true);
        var form = await ReadAsync(browser, "/notes/-/new");
        await EndAsync(browser, session);

        using var sent = await PostAsync(browser, "/notes/-/new", form, [new("title", "The newest"), new("body", "")]);
        using var page = await SignInAgainAsync(browser, user, sent);

        (await DraftsAsync()).Count.ShouldBe(FormDrafts.MaxDrafts);
        (await page.Content.ReadAsStringAsync(Cancellation)).ShouldContain("The newest");
        browser.Dispose();
    }

    [Fact]
    public async Task Imported_file_after_the_session_ended_is_checked_again_and_not_imported()
    {
        var (user, session, browser) = await admin.SignInAsync(isAdmin: true);
        var form = await ReadAsync(browser, "/notes/-/import");
        await EndAsync(browser, session);
        using var content = new MultipartFormDataContent
        {
            { new StringContent(TokenOf(form)), "__RequestVerificationToken" },
            { new StringContent("title,body\r\nFrom a file,\"two\nlines\"\r\n"), "file", "notes.csv" },
        };

        using var sent = await browser.SendAsync(HttpMethod.Post, "/notes/-/import", content, Html);
        using var page = await SignInAgainAsync(browser, user, sent);

        var shown = await page.Content.ReadAsStringAsync(Cancellation);
        shown.ShouldContain("Not saved yet.");
        shown.ShouldContain("1 row is valid.");
        await using var db = admin.Database.Connect();
        (await db.Notes.AnyAsync(note => note.Title == "From a file", Cancellation)).ShouldBeFalse();
        browser.Dispose();
    }

    [Fact]
    public async Task Edit_in_list_and_action_come_back_after_the_session_ended()
    {
        var (user, session, browser) = await admin.SignInAsync(isAdmin: true);
        await using var db = admin.Database.Connect();
        db.Notes.Add(
            new()
            {
                OwnerId = user.Id,
                Title = "Kept in the action",
                Body = "",
                CreatedAt = DateTimeOffset.UtcNow,
                UpdatedAt = DateTimeOffset.UtcNow,
            }
        );
        await db.SaveChangesAsync(Cancellation);
        var note = db.Notes.Local.Single();
        var edits = await ReadAsync(browser, $"/users/-/edits?q={user.Id:N}");
        var list = await ReadAsync(browser, "/notes");
        await EndAsync(browser, session);

        using var edit = await PostAsync(
            browser,
            $"/users/-/edits?q={user.Id:N}",
            edits,
            [new($"rows:{user.Id}:name", "In the list"), new($"_seen.rows:{user.Id}:name", "Ada")]
        );
        using var act = await PostAsync(
            browser,
            "/notes/-/act",
            list,
            [new("action", "archive"), new("key", note.Id.ToString()), new("sure", "yes"), new("from", "")]
        );
        using var edited = await SignInAgainAsync(browser, user, edit);
        using var asked = await browser.FollowAsync(ReturnUrl(act));

        (await edited.Content.ReadAsStringAsync(Cancellation)).ShouldContain("value=\"In the list\"");
        (await NameAsync(user)).ShouldBe("Ada");
        var question = await asked.Content.ReadAsStringAsync(Cancellation);
        question.ShouldContain("Archive 1 notes?");
        question.ShouldContain("Kept in the action");
        (await db.Notes.AsNoTracking().SingleAsync(row => row.Id == note.Id, Cancellation)).ArchivedAt.ShouldBeNull();
        browser.Dispose();
    }

    [Fact]
    public async Task Reason_is_kept_when_an_old_sign_in_must_be_renewed()
    {
        await using var db = admin.Database.Connect();
        var (_, session, browser) = await admin.SignInAsync(isAdmin: true);
        var ada = await db.AddUserAsync($"ada-{Guid.NewGuid():N}");
        var path = $"/accounts/{ada.Id}/acts/act-as";
        var form = await ReadAsync(browser, path);
        await admin.SignInAgainAsync(browser, session, TimeSpan.FromMinutes(61));

        using var sent = await PostAsync(
            browser,
            path,
            form,
            [new("Reason", "Ticket 42"), new("AllowChanges", "true")]
        );
        await admin.SignInAgainAsync(browser, session, TimeSpan.Zero);
        using var page = await browser.GetAsync(ReturnUrl(sent), Html);

        sent.Headers.Location!.ToString().ShouldStartWith("/login?prompt=login&returnUrl=");
        var shown = await page.Content.ReadAsStringAsync(Cancellation);
        shown.ShouldContain("value=\"Ticket 42\"");
        shown.ShouldMatch("""<input[^>]*name="AllowChanges"[^>]*checked|<input[^>]*checked[^>]*name="AllowChanges""");
        (await db.ImpersonationTickets.AnyAsync(ticket => ticket.UserId == ada.Id, Cancellation)).ShouldBeFalse();
        browser.Dispose();
    }

    async Task EndAsync(Browser browser, Session session)
    {
        await admin.Database.ExecuteAsync($"SELECT identity.end_session('{session.Id}', 'signed-out')");
        await Wait.UntilAsync(async () => (await browser.GetAsync("/", Html)).StatusCode == HttpStatusCode.Redirect);
    }

    async Task<Session> NewSessionAsync(User user)
    {
        await using var db = admin.Database.Connect();
        return await db.AddSessionAsync(
            await db.Users.AsNoTracking().SingleAsync(row => row.Id == user.Id, Cancellation)
        );
    }

    /// <summary>Follows the redirect of a form to sign-in and back.</summary>
    async Task<HttpResponseMessage> SignInAgainAsync(Browser browser, User user, HttpResponseMessage sent)
    {
        var session = await NewSessionAsync(user);
        (admin.Provider.Subject, admin.Provider.Sid) = (user.Id, session.Id);
        return await browser.FollowAsync(sent.Headers.Location!.ToString());
    }

    static string ReturnUrl(HttpResponseMessage sent) =>
        Uri.UnescapeDataString(sent.Headers.Location!.ToString().Split("returnUrl=")[1]);

    static async Task ShowsNothingAsync(Browser browser, string path)
    {
        var shown = await ReadAsync(browser, path);
        shown.ShouldNotContain("Typed before");
        shown.ShouldContain("Nothing was saved.");
    }

    async Task<string> NameAsync(User user)
    {
        await using var db = admin.Database.Connect();
        return (await db.Users.SingleAsync(row => row.Id == user.Id, Cancellation)).Name;
    }

    async Task<List<byte[]>> DraftsAsync()
    {
        await using var db = admin.Database.Connect();
        return await db.FormDrafts.Select(draft => draft.Content).ToListAsync(Cancellation);
    }

    static async Task<string> ReadAsync(Browser browser, string path)
    {
        using var answer = await browser.GetAsync(path, Html);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, path);
        return await answer.Content.ReadAsStringAsync(Cancellation);
    }

    static Task<HttpResponseMessage> PostAsync(
        Browser browser,
        string path,
        string page,
        KeyValuePair<string, string>[] fields
    ) =>
        browser.SendAsync(
            HttpMethod.Post,
            path,
            new FormUrlEncodedContent([.. fields, new("__RequestVerificationToken", TokenOf(page))]),
            Html
        );

    static string TokenOf(string page) => Token().Matches(page)[^1].Groups["value"].Value;

    [GeneratedRegex(
        """name="__RequestVerificationToken"[^>]*value="(?<value>[^"]*)""",
        RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000
    )]
    private static partial Regex Token();
}
