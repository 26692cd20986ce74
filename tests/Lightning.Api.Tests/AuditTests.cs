using System.Text.Json;

namespace Lightning.Api.Tests;

public class AuditTests(ApiUnderTest api) : IClassFixture<ApiUnderTest>
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Writes_are_audited_with_user_session_and_changed_values()
    {
        var (ada, bob) = (await api.SignInAsync("ada"), await api.SignInAsync("bob"));
        var note = await ada.WriteAsync("One", "body");
        var share = await ada.ShareAsync(note, bob, canEdit: true);
        (await bob.PutAsync(note, new { title = "Two", body = "body" })).EnsureSuccessStatusCode();
        (await ada.PutAsync($"{note}/archived", null)).EnsureSuccessStatusCode();
        (await ada.DeleteAsync(share)).EnsureSuccessStatusCode();
        (await ada.DeleteAsync(note)).EnsureSuccessStatusCode();

        await using var db = api.Database.Connect();
        var lines = db
            .AuditEntries.Where(entry =>
                entry.SubjectId == note.Substring(note.Length - 36)
                || entry.SubjectId == share.Substring(share.Length - 36)
            )
            .OrderBy(entry => entry.Id)
            .ToList();
        lines
            .Select(line => line.Action)
            .ShouldBe([
                "note.created",
                "note-share.created",
                "note.updated",
                "note.updated",
                "note-share.deleted",
                "note.deleted",
            ]);
        lines
            .Select(line => line.UserId)
            .ShouldBe([ada.User.Id, ada.User.Id, bob.User.Id, ada.User.Id, ada.User.Id, ada.User.Id]);
        lines.ShouldAllBe(line =>
            line.SessionId == (line.UserId == ada.User.Id ? ada.Session.Id : bob.Session.Id)
            && line.Service == "lightning_api"
        );
        var change = JsonDocument.Parse(lines[2].Details!).RootElement;
        change.GetProperty("title").GetRawText().ShouldBe("""{"to": "Two", "from": "One"}""");
        change.TryGetProperty("body", out _).ShouldBeFalse("it was not changed");
        JsonDocument
            .Parse(lines[3].Details!)
            .RootElement.EnumerateObject()
            .Select(field => field.Name)
            .ShouldBe(["archivedAt"]);
        string.Concat(lines.Select(line => line.Details)).ShouldNotContain("@example.com");
    }

    [Fact]
    public async Task Write_and_audit_entry_are_atomic()
    {
        await using var own = new ApiUnderTest(api.Server) { AllowsUndocumentedResponses = true };
        await own.InitializeAsync();
        var ada = await own.SignInAsync("ada");
        var note = await ada.WriteAsync("One");
        (await ada.PutAsync(note, new { title = "Two", body = "" }, "\"0\"")).StatusCode.ShouldBe(
            System.Net.HttpStatusCode.PreconditionFailed
        );
        (await own.Database.ExecuteAsync("SELECT count(*) FROM audit.entries")).ShouldBe(1L);
        await own.Database.ExecuteAsync(
            """
            REVOKE INSERT ON audit.entries FROM lightning_api;
            REVOKE INSERT (at, action, user_id, session_id, subject_type, subject_id, details, ip, trace_id)
                ON audit.entries FROM lightning_api
            """
        );
        (await ada.PutAsync(note, new { title = "Two", body = "" })).StatusCode.ShouldBe(
            System.Net.HttpStatusCode.InternalServerError
        );
        (await ada.TitlesAsync()).ShouldBe(["One"]);
    }

    [Fact]
    public async Task User_changes_are_audited_without_names()
    {
        var (root, bob) = (await api.SignInAsync("root", isAdmin: true), await api.SignInAsync("bob"));
        (await root.PutAsync($"/api/v1/users/{bob.User.Id}", new { name = "Robert" })).EnsureSuccessStatusCode();
        (await bob.ReadAsync("/api/v1/me")).GetProperty("user").GetProperty("name").GetString().ShouldBe("Robert");
        (await root.DeleteAsync($"/api/v1/users/{root.User.Id}")).StatusCode.ShouldBe(
            System.Net.HttpStatusCode.Forbidden
        );
        (await root.DeleteAsync($"/api/v1/users/{bob.User.Id}")).StatusCode.ShouldBe(
            System.Net.HttpStatusCode.NoContent
        );
        await Lightning.Testing.Wait.UntilAsync(async () =>
            (await bob.GetAsync("/api/v1/me")).StatusCode == System.Net.HttpStatusCode.Unauthorized
        );
        await using var db = api.Database.Connect();
        var lines = db
            .AuditEntries.Where(entry => entry.SubjectId == bob.User.Id.ToString())
            .OrderBy(entry => entry.Id)
            .ToList();
        lines
            .Select(line => (line.Action, line.UserId))
            .ShouldBe([("user.updated", root.User.Id), ("user.deleted", root.User.Id)]);
        lines[0].Details.ShouldBe("""{"name": {}}""");
    }

    [Fact]
    public async Task Impersonated_writes_are_audited_with_both_users()
    {
        var (ada, root) = (await api.SignInAsync("ada"), await api.SignInAsync("root", isAdmin: true));
        var acting = await api.ImpersonateAsync(root, ada);
        var (theirs, own) = (await acting.WriteAsync("By root"), await ada.WriteAsync("By ada"));
        (await acting.PutAsync(own, new { title = "Changed by root", body = "" })).EnsureSuccessStatusCode();

        await using var db = api.Database.Connect();
        var lines = db.AuditEntries.Where(entry => entry.UserId == ada.User.Id).OrderBy(entry => entry.Id).ToList();
        lines
            .Select(line => (line.Action, line.SubjectId, line.ActedBy, line.SessionId))
            .ShouldBe([
                ("note.created", theirs[^36..], root.User.Id, acting.Session.Id),
                ("note.created", own[^36..], null, ada.Session.Id),
                ("note.updated", own[^36..], root.User.Id, acting.Session.Id),
            ]);
        var refused = await (await acting.GetAsync("/api/v1/me/export")).JsonAsync();
        (refused.GetProperty("reason").GetString(), refused.GetProperty("detail").GetString()).ShouldBe(
            ("not-themself", "Export denied: an administrator impersonates them.")
        );

        var reading = await api.ImpersonateAsync(root, ada, mayWrite: false);
        var denied = await (await reading.DeleteAsync(own)).JsonAsync();
        (denied.GetProperty("reason").GetString(), denied.GetProperty("detail").GetString()).ShouldBe(
            (
                "not-writer",
                "Delete denied: not ((owner | member & creator | organization admin) & verified & writer). owner: "
                    + "holds. member: not a member of the organization. creator: holds. organization admin: not an "
                    + "administrator of the organization. verified: holds. writer: the impersonation is read-only."
            )
        );

        // With the administrator's session it ends, and with their right.
        await api.Database.ExecuteAsync($"UPDATE app.users SET is_admin = false WHERE id = '{root.User.Id}'");
        await Lightning.Testing.Wait.UntilAsync(async () =>
            (await acting.GetAsync("/api/v1/me")).StatusCode == System.Net.HttpStatusCode.Unauthorized
        );
        (await ada.GetAsync("/api/v1/me")).EnsureSuccessStatusCode();
    }
}
