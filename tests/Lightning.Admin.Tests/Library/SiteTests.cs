using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Lightning.Admin.Engine.Exports;
using Lightning.Admin.Engine.Lists;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using SiteBrowser = Lightning.Testing.Browser;

namespace Lightning.Admin.Tests.Library;

/// <summary>The engine's pages over HTTP, as a browser without scripts sees them.</summary>
public sealed partial class LibrarySiteTests(LibraryUnderTest library) : IClassFixture<LibraryUnderTest>
{
    /// <summary>Anonymous routes, and routes that are not pages of the site.</summary>
    static readonly string[] ForEverybody =
    [
        "favicon.ico",
        "robots.txt",
        "login",
        "signin-oidc",
        "signout-callback-oidc",
        "backchannel",
        "logout",
        "status/{status:int}",
        "health",
        "problems",
        "lib/",
        "{**",
    ];

    static readonly byte[] Bom = [0xEF, 0xBB, 0xBF];

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_route_requires_an_administrator_and_an_antiforgery_token()
    {
        var key = await KeyAsync();
        var routes = library
            .Services.GetServices<EndpointDataSource>()
            .SelectMany(source => source.Endpoints)
            .OfType<RouteEndpoint>()
            .Select(endpoint => endpoint.RoutePattern.RawText!.TrimStart('/'))
            .Where(route =>
                !ForEverybody.Any(open => route.StartsWith(open, StringComparison.Ordinal))
                && !route.Contains("css", StringComparison.Ordinal)
                && !route.Contains("js", StringComparison.Ordinal)
                && !route.Contains("shared", StringComparison.Ordinal)
            )
            .Distinct()
            .ToList();
        foreach (
            var expected in new[]
            {
                "{list}",
                "{list}/{key}",
                "{list}/{key}/edit",
                "{list}/-/new",
                "{list}/{key}/delete",
                "{list}/{key}/history",
                "{list}/-/act",
                "{list}/-/edits",
                "{list}/-/import",
                "{list}/-/export",
                "{list}/-/pick",
                "search",
            }
        )
            routes.ShouldContain(expected);
        using var anonymous = new SiteBrowser(
            new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false },
            library.Address
        );
        var (_, _, stranger) = await library.SignInAsync(isAdmin: false);
        var (_, _, root) = await library.SignInAsync(isAdmin: true);
        foreach (var route in routes)
        {
            var path =
                "/"
                + Regex.Replace(
                    route.Replace("{list}", "books").Replace("{key}", key),
                    "\\{[^}]*\\}",
                    Guid.NewGuid().ToString()
                )
                + (route.EndsWith("export", StringComparison.Ordinal) ? "?format=csv" : "");
            (await anonymous.GetAsync(path, ("Accept", "text/html"))).StatusCode.ShouldBe(
                HttpStatusCode.Redirect,
                path
            );
            using var posted = await anonymous.SendAsync(
                HttpMethod.Post,
                path,
                new FormUrlEncodedContent([]),
                ("Accept", "text/html")
            );
            if (posted.StatusCode == HttpStatusCode.SeeOther)
                posted.Headers.Location!.ToString().ShouldStartWith("/login?returnUrl=");
            else
                posted.StatusCode.ShouldBeOneOf([
                    HttpStatusCode.Redirect,
                    HttpStatusCode.MethodNotAllowed,
                    HttpStatusCode.Unauthorized,
                ]);
            using var refused = await stranger.GetAsync(path, ("Accept", "text/html"));
            refused.StatusCode.ShouldBe(HttpStatusCode.Forbidden, path);
            (await refused.Content.ReadAsStringAsync(Cancellation)).ShouldNotContain("Love");
            // A form of another site has no antiforgery token.
            (
                await root.SendAsync(
                    HttpMethod.Post,
                    path,
                    new FormUrlEncodedContent([new("title", "Forged")]),
                    ("Accept", "text/html")
                )
            ).StatusCode.ShouldBeOneOf([
                HttpStatusCode.BadRequest,
                HttpStatusCode.MethodNotAllowed,
                HttpStatusCode.NotFound,
            ]);
        }
        (
            await library.Database.ExecuteAsync(
                "SELECT count(*) FROM library.books WHERE title = 'Forged' OR deleted_at IS NOT NULL"
            )
        ).ShouldBe(0L);
        stranger.Dispose();
        root.Dispose();
    }

    [Fact]
    public async Task Pages_encode_hostile_values()
    {
        var (_, _, root) = await library.SignInAsync(isAdmin: true);
        foreach (
            var path in new[]
            {
                "/books?size=250",
                "/books?q=%3Cscript%3E",
                "/authors",
                "/shelves",
                "/reviews",
                "/search?q=%3Cscript%3E",
                "/books?f.title.is=%3Cscript%3Ealert(2)%3C/script%3E",
                "/books?q=%25_%5C",
                "/books?sort=nothing",
            }
        )
        {
            using var page = await root.GetAsync(path, ("Accept", "text/html"));
            page.StatusCode.ShouldBe(
                path.EndsWith("nothing", StringComparison.Ordinal) ? HttpStatusCode.BadRequest : HttpStatusCode.OK,
                path
            );
            var html = await page.Content.ReadAsStringAsync(Cancellation);
            html.ShouldNotContain("<script>alert");
            html.ShouldNotContain(LibraryUnderTest.Canary);
            html.ShouldNotContain(" onclick=");
            html.ShouldNotContain(" style=");
            page.Headers.GetValues("Content-Security-Policy").Single().ShouldContain("script-src 'self' 'nonce-");
        }
        await using var open = library.Open("shelves");
        foreach (var row in (await open.Rows.ListAsync(new() { Size = 250 }, Cancellation)).Rows)
            (await root.GetAsync($"/shelves/{row.Key}", ("Accept", "text/html"))).StatusCode.ShouldBe(
                HttpStatusCode.OK,
                row.Key
            );
        foreach (
            var missing in new[]
            {
                $"/books/{Guid.NewGuid()}",
                "/books/nonsense",
                "/nothing",
                "/nothing/-/export?format=csv",
                "/books/-/export?format=exe",
                $"/books/{Guid.NewGuid()}/edit",
                $"/books/{Guid.NewGuid()}/history",
            }
        )
            (await root.GetAsync(missing, ("Accept", "text/html"))).StatusCode.ShouldBe(
                HttpStatusCode.NotFound,
                missing
            );
        (await root.GetAsync("/books/-/export?format=csv&f.secret.is=x", ("Accept", "text/html"))).StatusCode.ShouldBe(
            HttpStatusCode.BadRequest
        );
        root.Dispose();
    }

    [Fact]
    public async Task Exported_csv_is_for_excel_and_can_be_imported()
    {
        string[] titles =
        [
            "Round Übung, \"quoted\"",
            "=Round",
            "\u200B\uFEFF@Round",
            "\u00A0＝Round",
            "Round;=1+1;",
            "Round\n-1",
            "'=Round",
            "'Round",
        ];
        var (_, _, root) = await library.SignInAsync(isAdmin: true);
        await using var db = library.Connect();
        var author = (await db.Authors.FirstAsync(author => author.Name == "Ada", Cancellation)).Id;
        var books = titles.Select(title => new Book { Title = title, AuthorId = author }).ToList();
        db.Books.AddRange(books);
        await db.SaveChangesAsync(Cancellation);
        var saved = db.Books.Where(book => EF.Functions.Like(book.Title, "%Round%"));

        using var response = await root.GetAsync("/books/-/export?format=csv&q=Round&col=title");
        var file = await response.Content.ReadAsByteArrayAsync(Cancellation);
        var text = (await CsvText.ReadAsync(new MemoryStream(file)))!;
        await saved.ExecuteDeleteAsync(Cancellation);
        // An import creates new rows: it takes no keys, but needs the required fields.
        var upload = books.Aggregate(
            text.Replace("\"key\",", "author,genre,", StringComparison.Ordinal),
            (rest, book) => rest.Replace($"\r\n\"{book.Id}\",", $"\r\n{author},Poem,", StringComparison.Ordinal)
        );
        using var trial = await ImportAsync(new ByteArrayContent([.. Bom, .. Encoding.UTF8.GetBytes(upload)]), "file");
        using var import = await ImportAsync(
            new StringContent(Convert.ToBase64String(Encoding.UTF8.GetBytes(upload))),
            "data"
        );

        file.Take(3).ShouldBe(Bom);
        text.ShouldStartWith("\"key\",\"title\"\r\n\"");
        text.ShouldContain(",\"'=Round\"\r\n");
        text.ShouldContain(",\"'\u200B\uFEFF@Round\"\r\n");
        text.ShouldContain(",\"Round;'=1+1;\"\r\n");
        text.ShouldContain(",\"Round Übung, \"\"quoted\"\"\"\r\n");
        trial.StatusCode.ShouldBe(HttpStatusCode.OK);
        import.StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        (await saved.Select(book => book.Title).ToListAsync(Cancellation)).ShouldBe(titles, ignoreOrder: true);
        await saved.ExecuteDeleteAsync(Cancellation);

        async Task<HttpResponseMessage> ImportAsync(HttpContent content, string name)
        {
            var token = Token().Match(await ReadAsync(root, "/books/-/import")).Groups["value"].Value;
            var form = new MultipartFormDataContent { { new StringContent(token), "__RequestVerificationToken" } };
            if (name == "file")
                form.Add(content, name, "books.csv");
            else
            {
                form.Add(content, name);
                form.Add(new StringContent("yes"), "sure");
            }
            return await root.SendAsync(HttpMethod.Post, "/books/-/import", form, ("Accept", "text/html"));
        }
    }

    [Fact]
    public async Task Export_matches_the_list_and_is_audited()
    {
        var (user, session, root) = await library.SignInAsync(isAdmin: true);
        using var file = await root.GetAsync(
            "/books/-/export?format=csv&f.genre.is=Poem&col=title&col=price&col=author.name&sort=price"
        );
        file.StatusCode.ShouldBe(HttpStatusCode.OK);
        file.Content.Headers.ContentDisposition!.FileName.ShouldStartWith("books-");
        var text = await file.Content.ReadAsStringAsync(Cancellation);
        text.Split("\r\n")[0].ShouldBe("\"key\",\"title\",\"author.name\",\"price\"");
        text.ShouldContain(",\"'@sum\",");
        text.ShouldNotContain(",@sum");
        text.ShouldNotContain(",\"@sum");
        var (rows, error) = CsvText.Read(text);
        error.ShouldBeNull();
        await using var open = library.Open("books");
        var state = ListState.Read(
            library.Site.Find("books")!,
            Microsoft.AspNetCore.WebUtilities.QueryHelpers.ParseQuery("f.genre.is=Poem&sort=price&size=250")
        );
        var listed = await open.Rows.ListAsync(state, Cancellation);
        rows.Select(row => row["key"]).ShouldBe(listed.Rows.Select(row => row.Key));
        rows.Select(row => row["title"]).ShouldBe(listed.Rows.Select(row => (string)row.Cells[0].Value!));
        text.ShouldContain(",-29.5\r\n");
        text.ShouldNotContain("Hidden");

        using var json = await root.GetAsync("/books/-/export?format=json");
        using var document = JsonDocument.Parse(await json.Content.ReadAsStringAsync(Cancellation));
        document.RootElement.GetArrayLength().ShouldBe(54);
        document
            .RootElement.EnumerateArray()
            .ShouldAllBe(row =>
                row.GetProperty("price").ValueKind == JsonValueKind.Null
                || row.GetProperty("price").ValueKind == JsonValueKind.Number
            );
        (
            await library.Database.ExecuteAsync(
                $"""
                SELECT count(*) FROM audit.entries
                    WHERE action = 'exported' AND subject_type = 'books' AND user_id = '{user.Id}'
                    AND session_id = '{session.Id}'
                """
            )
        ).ShouldBe(2L);
        root.Dispose();
    }

    [Fact]
    public async Task Forms_without_scripts_create_update_delete_and_restore()
    {
        var (user, _, root) = await library.SignInAsync(isAdmin: true);
        await using var db = library.Connect();
        var author = (await db.Authors.FirstAsync(author => author.Name == "Ada", Cancellation)).Id.ToString();
        using var refused = await PostAsync(
            root,
            "/books/-/new",
            "/books/-/new",
            ("title", ""),
            ("genre", "Poem"),
            ("pages", "many"),
            ("author", author)
        );
        refused.StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        var again = await refused.Content.ReadAsStringAsync(Cancellation);
        again.ShouldContain("Give it a title.");
        // Errors are listed with links, and the first field with an error has the focus.
        again.ShouldContain("<a href=\"#field-title\">Title</a>: Give it a title.");
        again.ShouldContain("<a href=\"#field-pages\">Pages</a>: Enter a number in the allowed range.");
        Regex.Count(again, "autofocus=").ShouldBe(1);
        Regex.Match(again, "<[^>]*autofocus[^>]*>").Value.ShouldContain("id=\"field-title\"");
        again.ShouldContain("Enter a number in the allowed range.");
        again.ShouldContain("value=\"many\"");
        again.ShouldContain($"<option value=\"{author}\" selected=\"selected\">Ada</option>");

        using var made = await PostAsync(
            root,
            "/books/-/new",
            "/books/-/new",
            ("title", "By hand <b>"),
            ("genre", "Poem"),
            ("author", author)
        );
        made.StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        var path = made.Headers.Location!.ToString().Split('?')[0];
        (await ReadAsync(root, path)).ShouldContain("By hand &lt;b&gt;");
        using var changed = await PostAsync(
            root,
            $"{path}/edit",
            $"{path}/edit",
            ("title", "By hand, twice"),
            ("subtitle", "a\r\nb")
        );
        changed.StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        (await PostAsync(root, $"{path}/edit", $"{path}/edit", ("isRestricted", "true"))).StatusCode.ShouldBe(
            HttpStatusCode.BadRequest
        );
        // "Save and continue editing" and "Save and add another".
        foreach (var (then, leads) in new[] { ("edit", $"{path}/edit"), ("new", "/books/-/new") })
        {
            using var saved = await PostAsync(
                root,
                $"{path}/edit",
                $"{path}/edit?then={then}",
                ("title", "By hand, twice")
            );
            saved.Headers.Location!.ToString().ShouldBe($"{leads}?_saved={path.Split('/')[^1]}");
            (await ReadAsync(root, saved.Headers.Location.ToString())).ShouldContain($"Saved. <a href=\"{path}\">");
        }
        (await ReadAsync(root, "/books/-/new?_saved=%22%3E%3Cb")).ShouldNotContain("Saved.");
        // A row that the actor may create but not update is shown.
        await using (var own = library.Connect())
        {
            var anonymous = (await own.Authors.SingleAsync(one => one.Name == "Anonymous", Cancellation)).Id.ToString();
            using var unchangeable = await PostAsync(
                root,
                "/books/-/new",
                "/books/-/new?then=edit",
                ("title", "By nobody"),
                ("genre", "Poem"),
                ("author", anonymous)
            );
            unchangeable.Headers.Location!.ToString().ShouldEndWith("?done=saved");
            (await ReadAsync(root, unchangeable.Headers.Location.ToString())).ShouldContain("By nobody");
        }
        var history = await ReadAsync(root, $"{path}/history");
        history.ShouldContain("<del>By hand &lt;b&gt;</del>");
        history.ShouldContain("<ins>By hand, twice</ins>");
        history.ShouldContain(user.Email);

        // A child added by another submit, and a price in the list.
        using var more = await PostAsync(root, $"{path}/edit", $"{path}/edit", ("title", "Half"), ("_add", "reviews"));
        more.StatusCode.ShouldBe(HttpStatusCode.OK);
        var one = WebUtility.HtmlDecode(await more.Content.ReadAsStringAsync(Cancellation));
        foreach (
            var part in new[] { "name=\"reviews:+0:text\"", "value=\"Half\"", "data-unsaved=\"yes\"", "autofocus" }
        )
            one.ShouldContain(part);
        (
            await PostAsync(
                root,
                $"{path}/edit",
                $"{path}/edit",
                ("title", "By hand, twice"),
                ("reviews:+0:number", "1"),
                ("reviews:+0:text", "A child")
            )
        ).StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        (await ReadAsync(root, path)).ShouldContain("A child");
        var row = $"rows:{path.Split('/')[^1]}:price";
        WebUtility
            .HtmlDecode(await ReadAsync(root, "/books/-/edits?sort=price&size=250"))
            .ShouldContain($"name=\"{row}\"");
        using var priced = await PostAsync(
            root,
            "/books/-/edits",
            "/books/-/edits?sort=price",
            (row, "77.5"),
            ($"_seen.{row}", "")
        );
        (priced.StatusCode, priced.Headers.Location!.ToString()).ShouldBe(
            (HttpStatusCode.SeeOther, "/books?done=edited&count=1&sort=price")
        );
        using var late = await PostAsync(root, "/books/-/edits", "/books/-/edits", (row, "78"), ($"_seen.{row}", ""));
        late.StatusCode.ShouldBe(HttpStatusCode.Conflict);
        (await late.Content.ReadAsStringAsync(Cancellation)).ShouldContain(
            "Their value:</strong> <span class=\"text\">77.5</span>"
        );

        (await ReadAsync(root, $"{path}/delete")).ShouldContain("You can restore it later");
        using var deleted = await PostAsync(root, $"{path}/delete", $"{path}/delete");
        deleted.StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        var list = await ReadAsync(root, deleted.Headers.Location!.ToString());
        list.ShouldContain("Undo");
        (
            await PostAsync(root, deleted.Headers.Location!.ToString(), $"{path}/delete?handler=Restore")
        ).StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        (await ReadAsync(root, path)).ShouldNotContain("was deleted");

        using var asked = await PostAsync(
            root,
            "/books",
            "/books/-/act",
            ("action", "lend"),
            ("key", path.Split('/')[^1]),
            ("from", "?sort=price")
        );
        (await asked.Content.ReadAsStringAsync(Cancellation)).ShouldContain("Lend 1 books?");
        (
            await PostAsync(
                root,
                "/books",
                "/books/-/act",
                ("action", "lend"),
                ("key", path.Split('/')[^1]),
                ("sure", "yes"),
                ("to", "Grace")
            )
        ).StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        (await ReadAsync(root, path)).ShouldContain("Grace");

        using var tried = await PostAsync(
            root,
            "/books/-/import",
            "/books/-/import",
            ("data", Convert.ToBase64String(Encoding.UTF8.GetBytes($"title,genre,author\r\n'=sum,Poem,{author}\r\n")))
        );
        (await tried.Content.ReadAsStringAsync(Cancellation)).ShouldContain("1 row is valid");
        (
            await PostAsync(
                root,
                "/books/-/import",
                "/books/-/import",
                (
                    "data",
                    Convert.ToBase64String(Encoding.UTF8.GetBytes($"title,genre,author\r\n'=sum,Poem,{author}\r\n"))
                ),
                ("sure", "yes")
            )
        ).StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        (await db.Books.CountAsync(book => book.Title == "=sum", Cancellation)).ShouldBe(1);
        using var picked = await root.GetAsync("/authors/-/pick?q=grace");
        (await picked.Content.ReadAsStringAsync(Cancellation)).ShouldContain("Grace %_");
        await library.Database.ExecuteAsync(
            $"DELETE FROM library.books WHERE title IN ('=sum', 'By nobody') OR id = '{path.Split('/')[^1]}'"
        );
        root.Dispose();
    }

    [Fact]
    public async Task Filters_are_counted_only_while_open()
    {
        var (_, _, root) = await library.SignInAsync(isAdmin: true);
        var list = WebUtility.HtmlDecode(await ReadAsync(root, "/books?sort=price"));
        list.ShouldNotContain("class=\"filters\"");
        list.ShouldContain("href=\"/books?sort=price&filters=yes#narrow\"");
        var open = WebUtility.HtmlDecode(await ReadAsync(root, "/books?sort=price&filters=yes"));
        open.ShouldContain("class=\"filters\"");
        open.ShouldContain("href=\"/books?sort=price&f.genre.is=Poem&filters=yes\"");
        WebUtility.HtmlDecode(await ReadAsync(root, "/books?f.genre.is=Poem")).ShouldContain("Filters (1)</a>");
        // Active filters are listed, each with a link that removes it.
        var narrowed = WebUtility.HtmlDecode(
            await ReadAsync(
                root,
                "/books?sort=price&f.genre.is=Poem&f.genre.is=ShortStory&f.pages.from=2&f.isLent.empty=no"
            )
        );
        foreach (
            var (words, without) in new[]
            {
                ("Genre: Poem", "f.genre.is=ShortStory&f.pages.from=2&f.isLent.empty=no"),
                ("Genre: Short story", "f.genre.is=Poem&f.pages.from=2&f.isLent.empty=no"),
                ("Pages from 2", "f.genre.is=Poem&f.genre.is=ShortStory&f.isLent.empty=no"),
                ("Is lent is not empty", "f.genre.is=Poem&f.genre.is=ShortStory&f.pages.from=2"),
            }
        )
            Regex
                .Match(narrowed, $"<a class=\"chip\" href=\"([^\"]*)\" aria-label=\"Remove the filter {words}\">")
                .Groups[1]
                .Value.Split('?')[1]
                .Split('&')
                .ShouldBe($"sort=price&{without}".Split('&'), ignoreOrder: true);
        root.Dispose();
    }

    async Task<string> KeyAsync()
    {
        await using var db = library.Connect();
        return (await db.Books.FirstAsync(book => !book.IsRestricted, Cancellation)).Id.ToString();
    }

    internal static async Task<string> ReadAsync(SiteBrowser browser, string path)
    {
        using var answer = await browser.GetAsync(path, ("Accept", "text/html"));
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, path);
        return await answer.Content.ReadAsStringAsync(Cancellation);
    }

    internal static async Task<HttpResponseMessage> PostAsync(
        SiteBrowser browser,
        string page,
        string path,
        params (string Name, string Text)[] fields
    )
    {
        var token = Token().Match(await ReadAsync(browser, page)).Groups["value"].Value;
        return await browser.SendAsync(
            HttpMethod.Post,
            path,
            new FormUrlEncodedContent(
                fields
                    .Append(("__RequestVerificationToken", token))
                    .Select(field => KeyValuePair.Create(field.Item1, field.Item2))
            ),
            ("Accept", "text/html")
        );
    }

    [GeneratedRegex(
        """name="__RequestVerificationToken"[^>]*value="(?<value>[^"]*)""",
        RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000
    )]
    private static partial Regex Token();
}
