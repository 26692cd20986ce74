using System.Net;
using System.Text.RegularExpressions;
using Lightning.Admin.Accounts;
using Lightning.Admin.Audit;
using Lightning.Testing;

namespace Lightning.Admin.Tests;

/// <summary>Pages show words instead of the names that are stored in the database.</summary>
public sealed class EventTextTests(AdminUnderTest admin) : IClassFixture<AdminUnderTest>
{
    /// <summary>Where the code writes an audit event or why a session ended.</summary>
    static readonly Regex[] Places =
    [
        Pattern("""(audit\.Add|AddAuditEntry)\(\s*"(?<name>[a-z.-]+)["]"""),
        Pattern("""\b(Action|RequestedAction|Asked|Failed|Refreshed|Reason) = "(?<name>[a-z.-]+)["]"""),
        Pattern("""(end_session|end_user_sessions|end_all)\([^;"\n]*?'(?<name>[a-z-]+)'"""),
        Pattern("""(EndAsync|EndAllAsync)\([^;"]*?"(?<name>[a-z-]+)["]"""),
        Pattern("""INSERT INTO audit\.entries[^;]*?'(?<name>[a-z]+-[a-z-]+)'"""),
        Pattern("""SessionEndReason \w+ \{ get; \} = new\("(?<name>[a-z-]+)", "(?<name>[a-z-]+)"\)"""),
        Pattern("""AccountEvent \w+ = new\(\s*"(?<name>[a-z-]+)["]"""),
        Pattern("""WriteAsync\(\s*\w+,\s*"(?<name>[a-z-]+)["]"""),
    ];

    static readonly Regex BuildOutput = Pattern("""[\\/](obj|bin|Migrations)[\\/]""");

    static readonly Regex HyphenatedCode = Pattern("""`(?<name>[a-z]+(-[a-z]+)+)`""");

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static TheoryData<string, string> Names =>
        new()
        {
            { "signed-in", "Signed in" },
            { "acting-asked", "Impersonation requested" },
            { "account-disabled", "Account disabled" },
            { "note.updated", "Note updated" },
            { "note-share.created", "Share created" },
            { "never-seen-before", "Never seen before" },
            { "", "" },
        };

    [Theory]
    [MemberData(nameof(Names))]
    public void Stored_name_has_words(string name, string text) => EventText.Describe(name).ShouldBe(text);

    [Fact]
    public void Every_name_that_the_code_stores_is_listed()
    {
        var code = ReadCode();

        foreach (var place in Places)
        {
            var names = place
                .Matches(code)
                .SelectMany(match => match.Groups["name"].Captures.Select(capture => capture.Value))
                .Where(name => !name.Contains('.'))
                .Distinct()
                .ToList();
            names.ShouldNotBeEmpty(place.ToString());
            names.Where(name => EventText.Find(name) is null).ShouldBeEmpty(place.ToString());
        }
        AccountOperation
            .All.Select(operation => operation.Event)
            .OfType<string>()
            .Where(name => EventText.Find(name) is null && !name.Contains('.'))
            .ShouldBeEmpty();
    }

    [Fact]
    public void Every_documented_event_is_listed_in_plain_words()
    {
        var page = File.ReadAllText(Path.Combine(Repository.Root, "docs/audit.md"));
        var events = page[page.IndexOf("## Events", StringComparison.Ordinal)..];
        events = events[..events.IndexOf("## What an entry holds", StringComparison.Ordinal)];
        // Names of fields in details have no hyphen.
        var names = HyphenatedCode.Matches(events).Select(match => match.Groups["name"].Value).Distinct().ToList();

        names.Count.ShouldBeGreaterThan(30);
        foreach (var name in names)
        {
            var text = EventText.Find(name).ShouldNotBeNull(name);
            text.ShouldMatch("^[A-Z][a-z]+[A-Za-z:' -]*$", name);
            text.ShouldNotContain("acting", Case.Insensitive, name);
            text.ShouldNotContain("asked", Case.Insensitive, name);
        }
    }

    [Fact]
    public async Task Pages_show_words_for_events_and_end_reasons()
    {
        // The dashboard is cached, and the sign-in loads it.
        await admin.Database.ExecuteAsync("INSERT INTO audit.entries (at, action) VALUES (now(), 'signing-key-made')");
        var (user, session, browser) = await admin.SignInAsync(isAdmin: true);
        var (ada, ended, other) = await admin.SignInAsync(isAdmin: false);
        other.Dispose();
        await admin.Database.ExecuteAsync(
            $$"""
            SELECT identity.end_session('{{ended.Id}}', 'refresh-token-reuse');
            INSERT INTO audit.entries (at, action, user_id, session_id, subject_type, subject_id, details)
                VALUES (now(), 'acting-ended', '{{user.Id}}', '{{session.Id}}', 'user', '{{ada.Id}}',
                    '{"reason": "right-lost"}')
            """
        );

        (await ReadAsync("/")).ShouldContain("<td>Signing key created</td>");
        var history = await ReadAsync($"/users/{ada.Id}/history");
        history.ShouldContain("<strong>Impersonation ended</strong>");
        history.ShouldContain("<ins>Impersonation no longer allowed</ins>");
        (await ReadAsync($"/audit-entries?f.userId.is={user.Id}")).ShouldContain("Impersonation ended");
        foreach (var path in new[] { $"/sessions?f.userId.is={ada.Id}", $"/sessions/{ended.Id}" })
            (await ReadAsync(path)).ShouldContain("Refresh token used twice", Case.Sensitive, path);
        (await ReadAsync($"/sessions/end/{ended.Id}")).ShouldContain("<dd>Refresh token used twice</dd>");
        (await ReadAsync($"/sessions/{ended.Id}")).ShouldMatch("<dt>Methods</dt>\\s*<dd class=\"text\">password</dd>");
        var filters = await ReadAsync("/audit-entries?filters=yes&f.action.is=sign-in-failed");
        filters.ShouldContain("Action: Sign-in failed");
        filters.ShouldContain(">Signed out</a>");
        browser.Dispose();

        async Task<string> ReadAsync(string path)
        {
            using var answer = await browser.GetAsync(path, ("Accept", "text/html"));
            answer.StatusCode.ShouldBe(HttpStatusCode.OK, path);
            return WebUtility.HtmlDecode(await answer.Content.ReadAsStringAsync(Cancellation));
        }
    }

    /// <summary>The text of all C# and SQL files of the product.</summary>
    static string ReadCode() =>
        string.Join(
            '\n',
            Directory
                .EnumerateDirectories(Repository.Root, "Lightning.*")
                .Append(Path.Combine(Repository.Root, "libs"))
                .Where(folder => Path.GetFileName(folder) != "Lightning.Web")
                .SelectMany(folder => Directory.EnumerateFiles(folder, "*.*", SearchOption.AllDirectories))
                .Where(file => Path.GetExtension(file) is ".cs" or ".sql" && !BuildOutput.IsMatch(file))
                .Order(StringComparer.Ordinal)
                .Select(File.ReadAllText)
        );

    static Regex Pattern(string pattern) => new(pattern, RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(10));
}
