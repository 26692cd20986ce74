using System.Net;
using System.Text.Json;
using Lightning.Data.Notes;
using Lightning.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;

namespace Lightning.Api.Tests;

/// <summary>Deleted notes are in their owner's trash, and nowhere else.</summary>
public class TrashTests(ApiUnderTest api) : IClassFixture<ApiUnderTest>
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Restored_note_is_the_same_for_owner_and_recipient()
    {
        var (ada, bob) = (await api.SignInAsync("ada"), await api.SignInAsync("bob"));
        var note = await ada.WriteAsync("Plans", "words");
        var share = await ada.ShareAsync(note, bob, canEdit: true);
        (await ada.PutAsync($"{note}/pinned", null)).EnsureSuccessStatusCode();
        var before = (await ada.ReadAsync(note), await bob.ReadAsync(note), await ada.ReadAsync(share));

        (await ada.DeleteAsync(note)).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        var response = await ada.PostAsync($"{note}/restore", null);

        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        var restored = await response.JsonAsync();
        response.Headers.ETag!.Tag.ShouldBe(restored.GetProperty("etag").GetString());
        Same(restored, before.Item1);
        Same(await ada.ReadAsync(note), before.Item1);
        Same(await bob.ReadAsync(note), before.Item2);
        Same(await ada.ReadAsync(share), before.Item3);
        (await ada.ReadAsync("/api/v1/notes/trash")).GetProperty("items").GetArrayLength().ShouldBe(0);
        // It can be changed with its new version.
        (
            await ada.CallAsync(
                HttpMethod.Put,
                note,
                new { title = "New", body = "" },
                restored.GetProperty("etag").GetString()
            )
        ).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await ada.PostAsync($"{note}/restore", null)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Deleted_note_is_missing_everywhere_else()
    {
        var (ada, bob, root) = (
            await api.SignInAsync("ada"),
            await api.SignInAsync("bob"),
            await api.SignInAsync("root", isAdmin: true)
        );
        var note = await ada.WriteAsync("Unmistakable", "unmistakable");
        var share = await ada.ShareAsync(note, bob, canEdit: true);
        (await ada.DeleteAsync(note)).EnsureSuccessStatusCode();

        foreach (var person in new[] { ada, bob, root })
        {
            foreach (
                var (method, path, body) in new (string, string, object?)[]
                {
                    ("GET", "{0}", null),
                    ("PUT", "{0}", new { title = "Back", body = "" }),
                    ("DELETE", "{0}", null),
                    ("PUT", "{0}/archived", null),
                    ("PUT", "{0}/pinned", null),
                    ("GET", "{0}/shares", null),
                    ("POST", "{0}/shares", new { address = "x@example.com" }),
                }
            )
                (await AnswerAsync(person, method, path, note, body)).ShouldBe(
                    await AnswerAsync(person, method, path, $"/api/v1/notes/{Guid.NewGuid()}", body),
                    $"{method} {path}"
                );
            (await person.GetAsync(share)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
            foreach (var query in new[] { "", "?q=unmistakable", "?archived=true", "?pinned=true", "?shared=true" })
                (await person.TitlesAsync(query)).ShouldBeEmpty(query);
            (
                await (await person.GetAsync("/api/v1/me/export")).Content.ReadAsStringAsync(Cancellation)
            ).ShouldNotContain("mistakable");
            (
                await (
                    await person.PostAsync(
                        "/api/v1/notes/archive",
                        new { ids = new[] { note[^36..] }, archived = true }
                    )
                ).JsonAsync()
            )
                .GetProperty("ids")
                .GetArrayLength()
                .ShouldBe(0);
        }
        foreach (var person in new[] { bob, root })
        {
            (await person.ReadAsync("/api/v1/notes/trash")).GetProperty("items").GetArrayLength().ShouldBe(0);
            foreach (var (method, path) in new[] { ("POST", "{0}/restore"), ("DELETE", "/api/v1/notes/trash/{1}") })
                (await AnswerAsync(person, method, path, note, null)).ShouldBe(
                    await AnswerAsync(person, method, path, $"/api/v1/notes/{Guid.NewGuid()}", null),
                    $"{method} {path}"
                );
        }
        (await ada.PostAsync($"{note}/restore", null)).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Trash_lists_the_newest_first_in_pages_and_deletes_permanently()
    {
        var ada = await api.SignInAsync("ada");
        for (var number = 0; number < 5; number++)
            (await ada.DeleteAsync(await ada.WriteAsync($"{number}"))).EnsureSuccessStatusCode();
        var (titles, next) = (new List<string>(), "/api/v1/notes/trash?limit=2");
        var pages = 0;
        for (; next is not null; pages++)
        {
            var response = await ada.GetAsync(next);
            var items = (await response.JsonAsync()).GetProperty("items").EnumerateArray().ToList();
            titles.AddRange(items.Select(item => item.GetProperty("title").GetString()!));
            items.ShouldAllBe(item => item.GetProperty("can").GetProperty("restore").GetBoolean());
            next = response.Headers.TryGetValues("Link", out var links)
                ? links.Single()[1..links.Single().IndexOf('>', StringComparison.Ordinal)]
                : null;
        }
        (pages, string.Concat(titles)).ShouldBe((3, "43210"));
        foreach (var wrong in new[] { "limit=0", "limit=101", "after=x", "after=MS4y" })
            (await ada.GetAsync($"/api/v1/notes/trash?{wrong}")).StatusCode.ShouldBe(HttpStatusCode.BadRequest, wrong);

        var newest = (await ada.ReadAsync("/api/v1/notes/trash")).GetProperty("items")[0];
        var (note, etag) = (newest.GetProperty("id").GetGuid(), newest.GetProperty("etag").GetString()!);
        var path = $"/api/v1/notes/trash/{note}";
        (await ada.CallAsync(HttpMethod.Delete, path)).StatusCode.ShouldBe(HttpStatusCode.PreconditionRequired);
        (await ada.DeleteAsync(path, "\"1\"")).StatusCode.ShouldBe(HttpStatusCode.PreconditionFailed);
        (await ada.DeleteAsync(path, etag)).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        (await ada.PostAsync($"/api/v1/notes/{note}/restore", null)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await ada.DeleteAsync(path, etag)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await ada.ReadAsync("/api/v1/notes/trash")).GetProperty("items").GetArrayLength().ShouldBe(4);
    }

    [Fact]
    public async Task Deletion_of_an_outdated_version_is_412_and_keeps_the_note()
    {
        var ada = await api.SignInAsync("ada");
        var note = await ada.WriteAsync("Old");
        var etag = (await ada.ReadAsync(note)).GetProperty("etag").GetString();
        // An update that has begun before the deletion and ends while the deletion waits for it.
        await using var other = new NpgsqlConnection(api.Database.ConnectionString);
        await other.OpenAsync(Cancellation);
        await using var updating = await other.BeginTransactionAsync(Cancellation);
        await using (
            var update = new NpgsqlCommand($"UPDATE app.notes SET title = 'New' WHERE id = '{note[^36..]}'", other)
        )
            await update.ExecuteNonQueryAsync(Cancellation);

        var deleting = ada.CallAsync(HttpMethod.Delete, note, null, etag);
        await Wait.UntilAsync(async () =>
            await api.Database.ExecuteAsync(
                "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = "
                    + "'Lock')"
            )
                is true
        );
        await updating.CommitAsync(Cancellation);

        (await deleting).StatusCode.ShouldBe(HttpStatusCode.PreconditionFailed);
        (await ada.CallAsync(HttpMethod.Delete, note, null, etag)).StatusCode.ShouldBe(
            HttpStatusCode.PreconditionFailed
        );
        (await ada.ReadAsync("/api/v1/notes/trash")).GetProperty("items").GetArrayLength().ShouldBe(0);
        (await ada.TitlesAsync()).ShouldBe(["New"]);
    }

    [Fact]
    public async Task Restore_retried_with_its_key_gives_the_same_answer()
    {
        var ada = await api.SignInAsync("ada");
        var note = await ada.WriteAsync("Twice");
        (await ada.DeleteAsync(note)).EnsureSuccessStatusCode();

        var answers = new List<string>();
        for (var tries = 0; tries < 2; tries++)
        {
            var answer = await ada.PostAsync($"{note}/restore", null, key: "restore-key");
            answer.StatusCode.ShouldBe(HttpStatusCode.OK);
            answers.Add(await answer.Content.ReadAsStringAsync(Cancellation));
        }

        answers[1].ShouldBe(answers[0]);
    }

    [Fact]
    public async Task Concurrent_restores_restore_once()
    {
        var (ada, bob) = (await api.SignInAsync("ada"), await api.SignInAsync("bob"));
        var note = await ada.WriteAsync("Once");
        await ada.ShareAsync(note, bob);
        (await ada.DeleteAsync(note)).EnsureSuccessStatusCode();

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => ada.PostAsync($"{note}/restore", null)));

        answers.Count(answer => answer.StatusCode == HttpStatusCode.OK).ShouldBe(1);
        answers.Count(answer => answer.StatusCode == HttpStatusCode.NotFound).ShouldBe(7);
        (await bob.TitlesAsync()).ShouldBe(["Once"]);
    }

    [Fact]
    public async Task Writes_of_the_trash_are_audited_without_the_text()
    {
        var ada = await api.SignInAsync("ada");
        var note = await ada.WriteAsync("Secret words");
        (await ada.DeleteAsync(note)).EnsureSuccessStatusCode();
        (await ada.PostAsync($"{note}/restore", null)).EnsureSuccessStatusCode();
        (await ada.DeleteAsync(note)).EnsureSuccessStatusCode();
        (await ada.DeleteAsync($"/api/v1/notes/trash/{note[^36..]}")).EnsureSuccessStatusCode();

        await using var db = api.Database.Connect();
        var entries = db
            .AuditEntries.Where(entry => entry.SubjectId == note.Substring(note.Length - 36))
            .OrderBy(entry => entry.Id)
            .ToList();
        entries
            .Select(entry => entry.Action)
            .ShouldBe(["note.created", "note.deleted", "note.restored", "note.deleted", "deleted-note.deleted"]);
        entries.ShouldAllBe(entry => entry.UserId == ada.User.Id && entry.SessionId == ada.Session.Id);
        (entries[^1].Details ?? "").ShouldNotContain("Secret");
    }

    [Fact]
    public async Task Cleanup_deletes_what_is_older_than_thirty_days()
    {
        var ada = await api.SignInAsync("ada");
        foreach (var days in new[] { 29, 31 })
        {
            var note = await ada.WriteAsync($"{days}");
            (await ada.DeleteAsync(note)).EnsureSuccessStatusCode();
            await api.Database.ExecuteAsync(
                $"""
                UPDATE app.deleted_notes SET deleted_at = now() - interval '{days} days' WHERE id = '{note[^36..]}'
                """
            );
        }
        DeletedNote.Lifetime.ShouldBe(TimeSpan.FromDays(30));

        // Another replica, which cleans up when it starts.
        await using var replica = await api.ReplicateAsync();
        replica.Services.GetServices<IHostedService>().ShouldContain(service => service is RetentionCleanup);
        await Wait.UntilAsync(async () =>
            (await ada.ReadAsync("/api/v1/notes/trash")).GetProperty("items").GetArrayLength() == 1
        );

        (await ada.ReadAsync("/api/v1/notes/trash"))
            .GetProperty("items")[0]
            .GetProperty("title")
            .GetString()
            .ShouldBe("29");
    }

    /// <summary>Every property but the version is equal.</summary>
    static void Same(JsonElement one, JsonElement other) =>
        one.EnumerateObject()
            .Where(property => property.Name != "etag")
            .Select(property => property.ToString())
            .ShouldBe(other.EnumerateObject().Where(property => property.Name != "etag").Select(one => one.ToString()));

    static async Task<string> AnswerAsync(Person person, string method, string path, string note, object? body)
    {
        var answer = await person.CallAsync(
            new(method),
            string.Format(System.Globalization.CultureInfo.InvariantCulture, path, note, note[^36..]),
            body,
            "*"
        );
        answer.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        return await answer.WithoutTraceAsync();
    }
}
