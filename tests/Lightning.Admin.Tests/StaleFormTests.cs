using System.Net;
using System.Text.RegularExpressions;
using Lightning.Data.Accounts;
using Lightning.Data.Sessions;
using Lightning.Data.Users;
using Lightning.Testing;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Admin.Tests;

/// <summary>
/// Every form of the admin site's own pages, posted with an antiforgery token that is no longer valid.
/// </summary>
public sealed partial class StaleFormTests(AdminUnderTest admin) : IClassFixture<AdminUnderTest>
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>The path of each page with a form; {user} and {session} are ids.</summary>
    static readonly Dictionary<string, (string Path, string Query, (string, string)[] Fields, string Shown)> Forms =
        new(StringComparer.Ordinal)
        {
            ["Impersonate"] = ("/accounts/{user}/acts/act-as", "", [("Reason", "Ticket 42")], "value=\"Ticket 42\""),
            ["Operation"] = ("/accounts/{user}/acts/disable", "", [], "<button"),
            ["Operation:delete"] = ("/accounts/{user}/acts/delete", "", [], "<button"),
            ["ResetPassword"] = ("/accounts/{user}/acts/reset-password", "", [], "Send link"),
            ["End:one"] = ("/sessions/end/{session}", "?handler=One", [], "End this session"),
            ["End:user"] = ("/sessions/end/{session}", "?handler=User", [], "End this session"),
            ["End:everyone"] = ("/sessions/end", "?handler=Everyone", [("sure", "true")], "End all sessions"),
        };

    public static TheoryData<string> Names => [.. Forms.Keys];

    [Fact]
    public void Every_page_with_a_form_is_walked_over() =>
        typeof(Lightning.Admin.Pages.SignOutModel)
            .Assembly.GetTypes()
            .Where(type => type.IsSubclassOf(typeof(PageModel)) && !type.IsAbstract)
            .Where(type => !type.IsDefined(typeof(IgnoreAntiforgeryTokenAttribute), inherit: true))
            .Where(type => type.GetMethods().Any(method => method.Name.StartsWith("OnPost", StringComparison.Ordinal)))
            .Select(type => type.Name[..^"Model".Length])
            // The library's test has it.
            .Where(name => name != "SignOut")
            .ShouldBe(Forms.Keys.Select(name => name.Split(':')[0]).Distinct(), ignoreOrder: true);

    [Theory, MemberData(nameof(Names))]
    public async Task Stale_form_is_shown_again_and_changes_nothing(string name)
    {
        var (user, session) = await AddAsync();
        var (_, _, browser) = await admin.SignInAsync(isAdmin: true);
        foreach (var isLost in new[] { true, false })
        {
            var (path, form) = await OpenAsync(browser, name, user, session);
            var before = await StateAsync(user);
            Library.StaleFormTests.Break(browser, isLost);

            using var shown = await browser.SendAsync(
                HttpMethod.Post,
                path + Forms[name].Query,
                form,
                Library.StaleFormTests.SameOrigin
            );

            shown.StatusCode.ShouldBe(HttpStatusCode.OK, name);
            var html = await shown.Content.ReadAsStringAsync(Cancellation);
            html.ShouldContain("Nothing was changed");
            html.ShouldContain(Forms[name].Shown);
            (await StateAsync(user)).ShouldBe(before);
        }
        browser.Dispose();
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Stale_form_of_another_site_is_refused(string name)
    {
        var (user, session) = await AddAsync();
        var (_, _, browser) = await admin.SignInAsync(isAdmin: true);
        foreach (var site in new[] { "cross-site", "same-site", "none", "" })
        {
            var (path, form) = await OpenAsync(browser, name, user, session);
            var before = await StateAsync(user);
            Library.StaleFormTests.Break(browser, isLost: false);

            using var refused = await browser.SendAsync(
                HttpMethod.Post,
                path + Forms[name].Query,
                form,
                ("Sec-Fetch-Site", site),
                ("Sec-Fetch-Mode", "navigate"),
                ("Origin", "https://evil.example")
            );

            refused.StatusCode.ShouldBe(HttpStatusCode.BadRequest, name);
            (await StateAsync(user)).ShouldBe(before);
        }
        browser.Dispose();
    }

    static async Task<(string Path, FormUrlEncodedContent Form)> OpenAsync(
        Browser browser,
        string name,
        User user,
        Session session
    )
    {
        var path = Forms[name]
            .Path.Replace("{user}", user.Id.ToString(), StringComparison.Ordinal)
            .Replace("{session}", session.Id.ToString(), StringComparison.Ordinal);
        using var page = await browser.GetAsync(path, ("Accept", "text/html"));
        page.StatusCode.ShouldBe(HttpStatusCode.OK, path);
        var token = Token().Matches(await page.Content.ReadAsStringAsync(Cancellation))[^1].Groups["value"].Value;
        return (
            path,
            new FormUrlEncodedContent(
                Forms[name]
                    .Fields.Append(("__RequestVerificationToken", token))
                    .Select(field => KeyValuePair.Create(field.Item1, field.Item2))
            )
        );
    }

    async Task<(User User, Session Session)> AddAsync()
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
        return (user, await db.AddSessionAsync(user));
    }

    async Task<string> StateAsync(User user)
    {
        await using var db = admin.Database.Connect();
        return string.Join(
            ' ',
            (await db.Users.AsNoTracking().SingleAsync(row => row.Id == user.Id, Cancellation)).DisabledAt,
            await db.AuditEntries.CountAsync(Cancellation),
            await db.Outbox.CountAsync(Cancellation),
            await db.ImpersonationTickets.CountAsync(Cancellation),
            await db.Sessions.CountAsync(session => session.EndedAt == null, Cancellation)
        );
    }

    [GeneratedRegex(
        """name="__RequestVerificationToken"[^>]*value="(?<value>[^"]*)""",
        RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000
    )]
    private static partial Regex Token();
}
