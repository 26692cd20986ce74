using System.Net;
using System.Text.RegularExpressions;
using Lightning.Admin.Accounts;
using Lightning.Data.Accounts;
using Lightning.Data.Users;
using Lightning.Sessions.Model;
using Lightning.Testing;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Admin.Tests;

/// <summary>
/// An administrator can request a password reset but neither sees nor sets a password (ASVS 5.0, 6.4.6).
/// </summary>
public partial class PasswordResetTests(AdminUnderTest admin) : IClassFixture<AdminUnderTest>
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact, Trait("Check", "U13"), Trait("Check", "O01")]
    public async Task Password_reset_is_requested_and_audited_without_secrets()
    {
        var ada = await AddAccountAsync();
        var (root, session, browser) = await admin.SignInAsync(isAdmin: true);
        (await ReadAsync(browser, "/accounts")).ShouldContain($"""<a href="/accounts/{ada.Id}">{ada.Email}</a>""");
        var page = await ReadAsync(browser, $"/accounts/{ada.Id}");
        page.ShouldContain("Send a password reset link");
        var question = await ReadAsync(browser, Question(ada.Id));
        question.ShouldContain(ada.Email);
        using var asked = await PostAsync(browser, ada.Id, question);
        asked.StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        var after = await ReadAsync(browser, asked.Headers.Location!.ToString());
        after.ShouldContain("is on its way to the account&#x27;s email address");
        foreach (var text in new[] { page, question, after, asked.Headers.Location.ToString() })
            text.ShouldNotContain("token=");

        await using var db = admin.Database.Connect();
        var request = await db.Outbox.SingleAsync(row => row.Recipient == ada.Id.ToString(), Cancellation);
        (request.Kind, request.Payload.Length).ShouldBe((OutboxMessage.PasswordReset, 0));
        (await db.AccountLinks.AnyAsync(Cancellation)).ShouldBeFalse("the link is Identity's to make");
        var line = await db.AuditEntries.SingleAsync(
            entry => entry.Action == PasswordResets.Asked && entry.SubjectId == ada.Id.ToString(),
            Cancellation
        );
        (line.Service, line.UserId, line.SessionId, line.SubjectType).ShouldBe(
            ("lightning_admin", root.Id, session.Id, "account")
        );

        using var again = await PostAsync(browser, ada.Id, question);
        (await ReadAsync(browser, again.Headers.Location!.ToString())).ShouldContain("already on its way");
        (await db.Outbox.CountAsync(row => row.Recipient == ada.Id.ToString(), Cancellation)).ShouldBe(1);
        (await db.AuditEntries.CountAsync(entry => entry.SubjectId == ada.Id.ToString(), Cancellation)).ShouldBe(1);
        browser.Dispose();
    }

    [Fact, Trait("Check", "U13")]
    public async Task Password_reset_by_foreign_form_or_non_administrator_does_nothing()
    {
        var ada = await AddAccountAsync();
        var (_, _, browser) = await admin.SignInAsync(isAdmin: true);
        var page = await ReadAsync(browser, Question(ada.Id));
        (await browser.SendAsync(HttpMethod.Post, Question(ada.Id), new FormUrlEncodedContent([]))).StatusCode.ShouldBe(
            HttpStatusCode.BadRequest
        );
        (await PostAsync(browser, Guid.NewGuid(), page)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        foreach (var nobody in new[] { $"/accounts/{Guid.NewGuid()}", Question(Guid.NewGuid()) })
            (await browser.GetAsync(nobody)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        var (_, _, stranger) = await admin.SignInAsync(isAdmin: false);
        (await stranger.GetAsync($"/accounts/{ada.Id}", ("Accept", "text/html"))).StatusCode.ShouldBe(
            HttpStatusCode.Forbidden
        );
        (await PostAsync(stranger, ada.Id, page)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        await using var db = admin.Database.Connect();
        (await db.Outbox.AnyAsync(row => row.Recipient == ada.Id.ToString(), Cancellation)).ShouldBeFalse();
        (await db.AuditEntries.AnyAsync(entry => entry.SubjectId == ada.Id.ToString(), Cancellation)).ShouldBeFalse();
        browser.Dispose();
        stranger.Dispose();
    }

    [Fact, Trait("Check", "U09")]
    public async Task Password_reset_after_an_hour_requires_sign_in()
    {
        var ada = await AddAccountAsync();
        var (_, session, browser) = await admin.SignInAsync(isAdmin: true);
        var question = await ReadAsync(browser, Question(ada.Id));
        await admin.Database.ExecuteAsync(
            $"UPDATE identity.sessions SET auth_time = now() - interval '61 minutes' WHERE id = '{session.Id}'"
        );
        await admin.SignInAgainAsync(browser, session, TimeSpan.FromMinutes(61));
        using var answer = await PostAsync(browser, ada.Id, question);
        (answer.StatusCode, answer.Headers.Location!.ToString()).ShouldBe(
            (HttpStatusCode.SeeOther, $"/login?prompt=login&returnUrl={Uri.EscapeDataString(Question(ada.Id))}")
        );
        // The database enforces the same.
        await using var site = admin.Database.ConnectAs("admin");
        (
            await site
                .Database.SqlQuery<bool>(
                    $"""SELECT identity.request_password_reset({ada.Id}, {session.Id}) AS "Value" """
                )
                .ToListAsync(Cancellation)
        ).ShouldBe([false]);
        await using var db = admin.Database.Connect();
        (await db.Outbox.AnyAsync(row => row.Recipient == ada.Id.ToString(), Cancellation)).ShouldBeFalse();
        (await db.AuditEntries.AnyAsync(entry => entry.SubjectId == ada.Id.ToString(), Cancellation)).ShouldBeFalse();
        browser.Dispose();
    }

    static string Question(Guid account) => $"/accounts/{account}/acts/reset-password";

    async Task<User> AddAccountAsync()
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
            }
        );
        await db.SaveChangesAsync(Cancellation);
        return user;
    }

    static async Task<string> ReadAsync(Browser browser, string path)
    {
        using var answer = await browser.GetAsync(path, ("Accept", "text/html"));
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        return await answer.Content.ReadAsStringAsync(Cancellation);
    }

    static Task<HttpResponseMessage> PostAsync(Browser browser, Guid account, string page) =>
        browser.SendAsync(
            HttpMethod.Post,
            Question(account),
            new FormUrlEncodedContent([
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
