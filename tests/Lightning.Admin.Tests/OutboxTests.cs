using System.Net;
using System.Text.RegularExpressions;
using Lightning.Admin.Outbox;
using Lightning.Sessions.Model;
using Lightning.Testing;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Admin.Tests;

/// <summary>Messages that could not be sent: their reason, and sending them again.</summary>
public sealed class OutboxTests(AdminUnderTest admin) : IClassFixture<AdminUnderTest>
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Failed_message_shows_its_reason_and_can_be_sent_again_unless_it_is_too_late()
    {
        var now = DateTimeOffset.UtcNow;
        var (failed, late, retried, waiting) = (
            await AddAsync(now.AddHours(1), failedAt: now.AddMinutes(-5), attempts: 12),
            await AddAsync(now.AddMinutes(-1), failedAt: now.AddMinutes(-1), attempts: 9),
            await AddAsync(now.AddHours(1), failedAt: null, attempts: 3),
            await AddAsync(now.AddHours(1), failedAt: null, attempts: 0)
        );
        var (root, session, browser) = await admin.SignInAsync(isAdmin: true);
        var list = await ReadAsync(browser, "/unsent-messages");
        list.ShouldContain("The mail server refused the recipient with status 550.");
        var all = new[] { failed, late, retried, waiting };
        all.Select(id => list.Contains($"value=\"{id}\"", StringComparison.Ordinal))
            .ShouldBe([true, false, true, false], "a checkbox only where the action applies");
        var before = DateTimeOffset.UtcNow;

        using var asked = await PostAsync(browser, list, all, sure: false);
        using var done = await PostAsync(browser, list, all, sure: true);

        (await asked.Content.ReadAsStringAsync(Cancellation)).ShouldContain(
            "This applies to 2 of the 4 selected rows."
        );
        done.StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        await using var db = admin.Database.Connect();
        var rows = await db.Outbox.AsNoTracking().ToDictionaryAsync(row => row.Id, Cancellation);
        foreach (var id in new[] { failed, retried })
        {
            (rows[id].FailedAt, rows[id].Attempts).ShouldBe((null, 0));
            rows[id].DueAt.ShouldBeInRange(before.AddMinutes(-1), DateTimeOffset.UtcNow.AddMinutes(1));
        }
        rows[late].FailedAt.ShouldNotBeNull();
        rows[waiting].DueAt.ShouldBeGreaterThan(now.AddHours(1));
        (
            await db
                .AuditEntries.Where(entry => entry.Action == OutboxAdmin.SentAgain)
                .Select(entry => new
                {
                    entry.SubjectType,
                    entry.SubjectId,
                    entry.UserId,
                    entry.SessionId,
                })
                .ToListAsync(Cancellation)
        ).ShouldBe(
            new[] { failed, retried }.Select(id => new
            {
                SubjectType = (string?)"message",
                SubjectId = (string?)id.ToString(),
                UserId = (Guid?)root.Id,
                SessionId = (Guid?)session.Id,
            }),
            ignoreOrder: true
        );
        browser.Dispose();
    }

    [Fact]
    public async Task Send_again_needs_an_administrators_live_session()
    {
        var message = await AddAsync(DateTimeOffset.UtcNow.AddHours(1), DateTimeOffset.UtcNow, attempts: 1);
        var (_, ordinary, _) = await admin.SignInAsync(isAdmin: false);
        var (root, ended, _) = await admin.SignInAsync(isAdmin: true);
        await using var db = admin.Database.Connect();
        var ada = await db.AddUserAsync($"ada-{Guid.NewGuid():N}");
        var acting = await db.AddImpersonationSessionAsync(ada, ended, mayWrite: true);
        await db
            .Users.Where(user => user.Id == ada.Id)
            .ExecuteUpdateAsync(user => user.SetProperty(one => one.IsAdmin, true), Cancellation);

        await using var site = admin.Database.ConnectAs("admin");
        async Task<bool> SendAsync(Guid session) =>
            (
                await site
                    .Database.SqlQuery<bool>($"""SELECT identity.send_again({message}, {session}) AS "Value" """)
                    .ToListAsync(Cancellation)
            ).Single();

        (await SendAsync(ordinary.Id)).ShouldBeFalse();
        (await SendAsync(acting.Id)).ShouldBeFalse();
        (await SendAsync(Guid.NewGuid())).ShouldBeFalse();
        await admin.Database.ExecuteAsync($"SELECT identity.end_session('{ended.Id}', 'signed-out')");
        (await SendAsync(ended.Id)).ShouldBeFalse();
        (await SendAsync((await db.AddSessionAsync(root)).Id)).ShouldBeTrue();
        foreach (var service in new[] { "api", "bff", "identity" })
        {
            await using var other = admin.Database.ConnectAs(service);
            (
                await Should.ThrowAsync<Npgsql.PostgresException>(() =>
                    other.Database.ExecuteSqlAsync($"SELECT identity.send_again({message}, {ended.Id})", Cancellation)
                )
            ).SqlState.ShouldBe("42501", service);
        }
    }

    async Task<Guid> AddAsync(DateTimeOffset expiresAt, DateTimeOffset? failedAt, int attempts)
    {
        await using var db = admin.Database.Connect();
        var message = new OutboxMessage
        {
            Kind = OutboxMessage.Mail,
            Payload = [],
            DueAt = DateTimeOffset.UtcNow.AddHours(2),
            ExpiresAt = expiresAt,
            FailedAt = failedAt,
            Attempts = attempts,
            LastError = attempts == 0 ? null : "The mail server refused the recipient with status 550.",
        };
        db.Outbox.Add(message);
        await db.SaveChangesAsync(Cancellation);
        return message.Id;
    }

    static async Task<string> ReadAsync(Browser browser, string path)
    {
        using var answer = await browser.GetAsync(path, ("Accept", "text/html"));
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, path);
        return await answer.Content.ReadAsStringAsync(Cancellation);
    }

    static Task<HttpResponseMessage> PostAsync(Browser browser, string page, Guid[] ids, bool sure) =>
        browser.SendAsync(
            HttpMethod.Post,
            "/unsent-messages/-/act",
            new FormUrlEncodedContent([
                new("action", "send-again"),
                new("sure", sure ? "yes" : ""),
                new(
                    "__RequestVerificationToken",
                    Regex.Matches(page, "name=\"__RequestVerificationToken\"[^>]*value=\"([^\"]*)")[^1].Groups[1].Value
                ),
                .. ids.Select(id => new KeyValuePair<string, string>("key", id.ToString())),
            ]),
            ("Accept", "text/html")
        );
}
