using System.Net;
using System.Text.RegularExpressions;
using Lightning.Admin.Pages;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.EntityFrameworkCore;
using SiteBrowser = Lightning.Testing.Browser;

namespace Lightning.Admin.Tests.Library;

/// <summary>Every form of the engine, posted with an antiforgery token that is no longer valid.</summary>
public sealed partial class StaleFormTests(LibraryUnderTest library) : IClassFixture<LibraryUnderTest>
{
    const string Cookie = "__Host-lightning-admin-af";

    static readonly string ImportedFile = Convert.ToBase64String("title,genre\r\nTyped here,Poem\r\n"u8);

    internal static readonly (string, string)[] SameOrigin =
    [
        ("Accept", "text/html"),
        ("Sec-Fetch-Site", "same-origin"),
        ("Sec-Fetch-Mode", "navigate"),
    ];

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>
    /// The page with the form, its URL, its fields, and what the page shows again. {key} is a book's key.
    /// </summary>
    static readonly Dictionary<string, (string Page, string Action, (string, string)[] Fields, string[] Shown)> Forms =
        new(StringComparer.Ordinal)
        {
            ["New"] = (
                "/books/-/new",
                "/books/-/new",
                [("title", "Typed here"), ("pages", "many"), ("reviews:+0:text", "A child")],
                ["value=\"Typed here\"", "value=\"many\"", "A child"]
            ),
            ["Edit"] = (
                "/books/{key}/edit",
                "/books/{key}/edit?then=edit",
                [("title", "Typed here"), ("pages", "many")],
                ["value=\"Typed here\"", "value=\"many\""]
            ),
            ["Edits"] = (
                "/books/-/edits",
                "/books/-/edits",
                [("rows:{key}:price", "77.5"), ("_seen.rows:{key}:price", "1")],
                ["value=\"77.5\"", "Nothing was saved."]
            ),
            ["RunAction"] = (
                "/books",
                "/books/-/act",
                [("action", "lend"), ("key", "{key}"), ("sure", "yes"), ("to", "Typed here")],
                ["Lend 1 books?", "value=\"Typed here\"", "name=\"key\" value=\"{key}\""]
            ),
            ["Import"] = (
                "/books/-/import",
                "/books/-/import",
                [("data", ImportedFile), ("sure", "yes")],
                [$"name=\"data\" value=\"{ImportedFile}\"", "Check file"]
            ),
            ["Delete"] = ("/books/{key}/delete", "/books/{key}/delete", [], ["Delete Stale?", ">Delete</button>"]),
            ["Delete:restore"] = (
                "/books/{key}/delete",
                "/books/{key}/delete?handler=Restore",
                [],
                ["Restore Stale?", ">Restore</button>"]
            ),
            ["SignOut"] = ("/books", "/logout", [], ["Sign out?"]),
        };

    public static TheoryData<string> Names => [.. Forms.Keys];

    [Fact]
    public void Every_page_of_the_engine_with_a_form_is_walked_over() =>
        typeof(Engine.Pages.EditModel)
            .Assembly.GetTypes()
            .Where(type => type.IsSubclassOf(typeof(PageModel)) && !type.IsAbstract)
            .Where(type => type.GetMethods().Any(method => method.Name.StartsWith("OnPost", StringComparison.Ordinal)))
            .Select(type => type.Name[..^"Model".Length])
            .Append(nameof(SignOutModel)[..^"Model".Length])
            .ShouldBe(Forms.Keys.Select(name => name.Split(':')[0]).Distinct(), ignoreOrder: true);

    [Theory, MemberData(nameof(Names))]
    public async Task Stale_form_is_shown_again_with_the_input_and_saves_nothing(string name)
    {
        var (_, _, root) = await library.SignInAsync(isAdmin: true);
        var key = await BookAsync();
        var before = await StateAsync(key);
        foreach (var isLost in new[] { true, false })
        {
            var (action, form) = await OpenAsync(root, name, key);
            Break(root, isLost);

            using var shown = await root.SendAsync(HttpMethod.Post, action, form, SameOrigin);

            shown.StatusCode.ShouldBe(HttpStatusCode.OK, name);
            var html = WebUtility.HtmlDecode(await shown.Content.ReadAsStringAsync(Cancellation));
            html.ShouldContain("Nothing was changed");
            foreach (var text in Forms[name].Shown)
                html.ShouldContain(text.Replace("{key}", key, StringComparison.Ordinal));
            (await StateAsync(key)).ShouldBe(before, name);
            (
                await library.Database.ExecuteAsync("SELECT count(*) FROM library.books WHERE title = 'Typed here'")
            ).ShouldBe(0L);
        }
        root.Dispose();
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Stale_form_of_another_site_is_refused(string name)
    {
        var (_, _, root) = await library.SignInAsync(isAdmin: true);
        var key = await BookAsync();
        var before = await StateAsync(key);
        (string, string)[][] others =
        [
            [],
            [("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate")],
            [("Sec-Fetch-Site", "same-site"), ("Sec-Fetch-Mode", "navigate")],
            [("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Mode", "cors")],
            [("Origin", "https://evil.example")],
            [("Origin", "null")],
        ];
        foreach (var headers in others)
        {
            var (action, form) = await OpenAsync(root, name, key);
            Break(root, isLost: false);

            using var refused = await root.SendAsync(HttpMethod.Post, action, form, headers);

            refused.StatusCode.ShouldBe(HttpStatusCode.BadRequest, $"{name} {string.Join(' ', headers)}");
            (await StateAsync(key)).ShouldBe(before, name);
        }
        root.Dispose();
    }

    static async Task<(string Action, FormUrlEncodedContent Form)> OpenAsync(SiteBrowser root, string name, string key)
    {
        var (page, action, fields, _) = Forms[name];
        using var response = await root.GetAsync(
            page.Replace("{key}", key, StringComparison.Ordinal),
            ("Accept", "text/html")
        );
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        var token = Token().Match(await response.Content.ReadAsStringAsync(Cancellation)).Groups["value"].Value;
        return (
            action.Replace("{key}", key, StringComparison.Ordinal),
            new FormUrlEncodedContent(
                fields
                    .Append(("__RequestVerificationToken", token))
                    .Select(field =>
                        KeyValuePair.Create(
                            field.Item1.Replace("{key}", key, StringComparison.Ordinal),
                            field.Item2.Replace("{key}", key, StringComparison.Ordinal)
                        )
                    )
            )
        );
    }

    internal static void Break(SiteBrowser browser, bool isLost)
    {
        var cookie = browser.Cookies.Single(cookie => cookie.Name == Cookie);
        if (isLost)
            cookie.Expired = true;
        else
            browser.SetCookie(Cookie, new string('x', cookie.Value.Length));
    }

    async Task<string> BookAsync()
    {
        await using var db = library.Connect();
        var book = new Book
        {
            Title = "Stale",
            Price = 1,
            Author = await db.Authors.FirstAsync(author => author.Name == "Ada", Cancellation),
        };
        db.Add(book);
        await db.SaveChangesAsync(Cancellation);
        return book.Id.ToString();
    }

    /// <summary>The book's row, with the number of its audit entries and of all active sessions.</summary>
    async Task<string> StateAsync(string key) =>
        (string)
            (
                await library.Database.ExecuteAsync(
                    $"""
                    SELECT concat(books::text, (SELECT count(*) FROM audit.entries WHERE subject_id = '{key}'),
                        ' ', (SELECT count(*) FROM library.reviews WHERE book_id = books.id))
                        FROM library.books WHERE id::text = '{key}'
                    """
                )
            )!;

    [GeneratedRegex(
        """name="__RequestVerificationToken"[^>]*value="(?<value>[^"]*)""",
        RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000
    )]
    private static partial Regex Token();
}
