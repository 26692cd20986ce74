using System.Net;
using Lightning.Testing;
using Npgsql;

namespace Lightning.Api.Tests;

/// <summary>What is removed between the look and the act.</summary>
public class RemovalTests(PostgresServer server)
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Person_RemovedAMomentAgo_IsNobody_AndNoFaultOfTheServers()
    {
        await using var api = new ApiUnderTest(server);
        await api.InitializeAsync();
        var ada = await api.SignInAsync("ada");
        (await ada.GetAsync("/api/v1/me")).StatusCode.ShouldBe(HttpStatusCode.OK);
        // Nobody tells of it: as if the word were still on its way.
        await api.Database.ExecuteAsync($"ALTER TABLE app.users DISABLE TRIGGER USER; ALTER TABLE identity.sessions DISABLE TRIGGER USER; DELETE FROM app.users WHERE id = '{ada.User.Id}'");
        foreach (var (method, path, key) in new[]
        {
            (HttpMethod.Get, "/api/v1/me", null), (HttpMethod.Get, "/api/v1/me/export", null), (HttpMethod.Post, "/api/v1/notes", null), (HttpMethod.Post, "/api/v1/notes", "a-key"),
        })
        {
            var answer = await ada.CallAsync(method, path, method == HttpMethod.Post ? new { title = "Too late" } : null, key: key);
            answer.StatusCode.ShouldBe(HttpStatusCode.Unauthorized, $"{method} {path}");
            (await answer.JsonAsync()).GetProperty("type").GetString().ShouldBe("/problems/unauthenticated");
        }
    }

    [Fact]
    public async Task Note_RemovedWhileItIsShared_IsNotFound_AndNoFaultOfTheServers()
    {
        await using var api = new ApiUnderTest(server);
        await api.InitializeAsync();
        var ada = await api.SignInAsync("ada");
        var note = await ada.WriteAsync("Going");
        await using var other = new NpgsqlConnection(api.Database.ConnectionString);
        await other.OpenAsync(Cancellation);
        await using var removing = await other.BeginTransactionAsync(Cancellation);
        await using (var remove = new NpgsqlCommand($"DELETE FROM app.notes WHERE id = '{note[^36..]}'", other)) await remove.ExecuteNonQueryAsync(Cancellation);
        var sharing = ada.PostAsync($"{note}/shares", new { address = "late@example.com" });
        await Wait.UntilAsync(async () => (bool)(await api.Database.ExecuteAsync("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')"))!);
        await removing.CommitAsync(Cancellation);
        var answer = await sharing;
        answer.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await answer.JsonAsync()).GetProperty("type").GetString().ShouldBe("/problems/not-found");
    }
}
