using System.Net;
using System.Text;

namespace Lightning.Api.Tests;

public class ListTests(ApiUnderTest api) : IClassFixture<ApiUnderTest>
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("title")]
    [InlineData("-title")]
    [InlineData("createdAt")]
    [InlineData("-createdAt")]
    [InlineData("updatedAt")]
    [InlineData("-updatedAt")]
    public async Task List_links_lead_through_all_notes_in_each_order(string sort)
    {
        var (ada, bob) = (await api.SignInAsync("ada"), await api.SignInAsync("bob"));
        string[] own = ["b", "a", "%_\\", "B", "ſtitle İ"],
            shared = ["a", "ab", "Z"];
        foreach (var title in own)
            await ada.WriteAsync(title);
        foreach (var title in shared)
            await bob.ShareAsync(await bob.WriteAsync(title), ada);
        await bob.WriteAsync("hidden");

        var whole = await ada.TitlesAsync($"?limit=100&sort={sort}");
        whole.ShouldBe(own.Concat(shared), ignoreOrder: true);
        var (titles, next) = (new List<string>(), $"/api/v1/notes?limit=3&sort={sort}&archived=false");
        for (var pages = 0; next is not null; pages++)
        {
            pages.ShouldBeLessThan(4);
            var response = await ada.GetAsync(next);
            titles.AddRange(
                (await response.EnsureSuccessStatusCode().JsonAsync())
                    .GetProperty("items")
                    .EnumerateArray()
                    .Select(note => note.GetProperty("title").GetString()!)
            );
            next = response.Headers.TryGetValues("Link", out var links)
                ? links.Single()[1..links.Single().IndexOf('>', StringComparison.Ordinal)]
                : null;
        }
        titles.ShouldBe(whole);
        (await ada.TitlesAsync($"?limit=100&sort={(sort[0] == '-' ? sort[1..] : "-" + sort)}")).ShouldBe(
            whole.Reverse()
        );
    }

    [Fact]
    public async Task Search_finds_own_and_shared_notes_by_title_and_text()
    {
        var (ada, bob) = (await api.SignInAsync("ada"), await api.SignInAsync("bob"));
        await ada.WriteAsync("Groceries", "milk and bread");
        await ada.WriteAsync("Milk", "is white");
        await bob.ShareAsync(await bob.WriteAsync("Bob's milk"), ada);
        await bob.WriteAsync("Bob's own milk");
        (await ada.TitlesAsync("?q=MILK&sort=title")).ShouldBe(["Bob's milk", "Groceries", "Milk"], ignoreOrder: true);
        (await ada.TitlesAsync("?q=milk%20-white%20-bob")).ShouldBe(["Groceries"]);
        (await ada.TitlesAsync("?q=%22bread%20and%22")).ShouldBeEmpty();
        foreach (var strange in new[] { "'", "%27%29%3B--", ":*%26!()", "%25", "%22", "-", "or" })
            await ada.TitlesAsync($"?q={strange}");
    }

    [Theory]
    [InlineData("Alpha/Beta", "beta")]
    [InlineData("report-2024.pdf", "report")]
    [InlineData("bob@example.com", "example.c")]
    [InlineData("会議の記録", "会議")]
    [InlineData("Cafe\u0301", "cafe")]
    [InlineData("Quarterly figures", "quart")]
    public async Task Search_finds_parts_and_beginnings_within_the_callers_notes(string title, string search)
    {
        var (ada, bob) = (await api.SignInAsync("ada"), await api.SignInAsync("bob"));
        await ada.WriteAsync(title, "hers");
        await bob.WriteAsync("Bob's own", title);
        var query = $"?q={Uri.EscapeDataString(search)}";

        (await ada.TitlesAsync(query)).ShouldBe([title]);
        (await bob.TitlesAsync(query)).ShouldBe(["Bob's own"]);
        (await ada.TitlesAsync("?q=%21%3F")).ShouldBeEmpty();
    }

    [Fact]
    public async Task Archive_removes_own_notes_from_the_list_and_skips_others()
    {
        var (ada, bob) = (await api.SignInAsync("ada"), await api.SignInAsync("bob"));
        var (one, two, three) = (
            await ada.WriteAsync("One"),
            await ada.WriteAsync("Two"),
            await ada.WriteAsync("Three")
        );
        var foreign = await bob.WriteAsync("Bob's");
        await bob.ShareAsync(foreign, ada, canEdit: true);
        (await ada.PutAsync($"{one}/archived", null)).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await ada.CallAsync(HttpMethod.Put, $"{one}/archived")).StatusCode.ShouldBe(
            HttpStatusCode.PreconditionRequired
        );
        var response = await ada.PostAsync(
            "/api/v1/notes/archive",
            new { ids = new[] { two, foreign, $"{Guid.NewGuid()}" }.Select(note => note[^36..]), archived = true }
        );
        (await response.JsonAsync())
            .GetProperty("ids")
            .EnumerateArray()
            .Select(id => id.GetString())
            .ShouldBe([two[^36..]]);
        (await ada.TitlesAsync("?shared=false")).ShouldBe(["Three"]);
        (await ada.TitlesAsync("?archived=true")).ShouldBe(["One", "Two"], ignoreOrder: true);
        (await bob.TitlesAsync()).ShouldBe(["Bob's"]);
        (await ada.DeleteAsync($"{one}/archived")).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await ada.PutAsync($"{three}/pinned", null)).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await ada.TitlesAsync("?shared=false&pinned=true")).ShouldBe(["Three"]);
        (await ada.DeleteAsync($"{three}/pinned")).StatusCode.ShouldBe(HttpStatusCode.OK);
        (
            await ada.PostAsync(
                "/api/v1/notes/archive",
                new { ids = Enumerable.Range(0, 101).Select(_ => Guid.NewGuid()), archived = true }
            )
        ).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (
            await ada.PostAsync("/api/v1/notes/archive", new { ids = Array.Empty<Guid>(), archived = true })
        ).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Theory]
    [InlineData("sort=ownerId", "sort")]
    [InlineData("sort=", "sort")]
    [InlineData("limit=0", "limit")]
    [InlineData("limit=101", "limit")]
    [InlineData("q=%00", "q")]
    [InlineData("after=nonsense", "after")]
    [InlineData("archived=perhaps", null)]
    public async Task List_with_an_unknown_filter_is_400(string query, string? field)
    {
        var ada = await api.SignInAsync("ada");
        var response = await ada.GetAsync($"/api/v1/notes?{query}");
        response.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        if (field is not null)
            (await response.JsonAsync()).GetProperty("errors").EnumerateObject().Single().Name.ShouldBe(field);
    }

    [Theory]
    [InlineData("title.0.00000000000000000000000000000001.a\0b")]
    [InlineData("title.-1.00000000000000000000000000000001.a")]
    [InlineData("-updatedAt.99999999999999999999.00000000000000000000000000000001.")]
    [InlineData("ownerId.0.00000000000000000000000000000001.")]
    [InlineData("title.0.00000000000000000000000000000001.a")]
    public async Task List_with_a_forged_or_mismatched_cursor_is_400(string place)
    {
        var ada = await api.SignInAsync("ada");
        (
            await ada.GetAsync(
                $"/api/v1/notes?after={System.Buffers.Text.Base64Url.EncodeToString(Encoding.UTF8.GetBytes(place))}"
            )
        ).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task Me_returns_user_and_permissions_and_export_all_data()
    {
        var (ada, bob, root) = (
            await api.SignInAsync("ada"),
            await api.SignInAsync("bob"),
            await api.SignInAsync("root", isAdmin: true)
        );
        var me = await ada.ReadAsync("/api/v1/me");
        me.GetProperty("user").GetProperty("id").GetGuid().ShouldBe(ada.User.Id);
        me.GetProperty("can").GetProperty("users").GetProperty("delete").GetBoolean().ShouldBeFalse();
        me.GetProperty("can").GetProperty("notes").GetProperty("create").GetBoolean().ShouldBeTrue();
        (await root.ReadAsync("/api/v1/me"))
            .GetProperty("can")
            .GetProperty("users")
            .GetProperty("delete")
            .GetBoolean()
            .ShouldBeTrue();

        for (var i = 0; i < 120; i++)
            await ada.WriteAsync($"Note {i}");
        await ada.ShareAsync(await ada.WriteAsync("Given"), bob);
        await bob.ShareAsync(await bob.WriteAsync("Bob's words"), ada);
        var text = await (await ada.GetAsync("/api/v1/me/export"))
            .EnsureSuccessStatusCode()
            .Content.ReadAsStringAsync(Cancellation);
        var export = System.Text.Json.JsonDocument.Parse(text).RootElement;
        export.GetProperty("notes").GetArrayLength().ShouldBe(121);
        (
            export.GetProperty("sharesGiven").GetArrayLength(),
            export.GetProperty("sharesReceived").GetArrayLength()
        ).ShouldBe((1, 1));
        text.ShouldNotContain("Bob's words");
    }

    [Fact]
    public async Task Users_lists_self_or_everyone_for_administrators()
    {
        var (ada, bob, root) = (
            await api.SignInAsync("ada"),
            await api.SignInAsync("bob"),
            await api.SignInAsync("root", isAdmin: true)
        );
        (await ada.ReadAsync("/api/v1/users"))
            .GetProperty("items")
            .EnumerateArray()
            .Select(user => user.GetProperty("id").GetGuid())
            .ShouldBe([ada.User.Id]);
        (await ada.GetAsync($"/api/v1/users/{bob.User.Id}")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        var (seen, next) = (new List<Guid>(), "/api/v1/users?limit=2");
        while (next is not null)
        {
            var response = await root.GetAsync(next);
            seen.AddRange(
                (await response.EnsureSuccessStatusCode().JsonAsync())
                    .GetProperty("items")
                    .EnumerateArray()
                    .Select(user => user.GetProperty("id").GetGuid())
            );
            next = response.Headers.TryGetValues("Link", out var links)
                ? links.Single()[1..links.Single().IndexOf('>', StringComparison.Ordinal)]
                : null;
        }
        seen.Distinct().Count().ShouldBe(seen.Count);
        foreach (var person in new[] { ada, bob, root })
            seen.ShouldContain(person.User.Id);
        (await ada.PutAsync($"/api/v1/users/{ada.User.Id}", new { name = "Two\nlines" })).StatusCode.ShouldBe(
            HttpStatusCode.BadRequest
        );
        (await ada.PutAsync($"/api/v1/users/{ada.User.Id}", new { name = "Ada", isAdmin = true })).StatusCode.ShouldBe(
            HttpStatusCode.BadRequest
        );
    }
}
