using System.Net;
using Lightning.Testing;
using Npgsql;

namespace Lightning.Api.Tests;

/// <summary>Rows that are deleted by a concurrent request.</summary>
public class RemovalTests(PostgresServer server)
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Deleted_user_is_401_without_a_server_error()
    {
        await using var api = new ApiUnderTest(server);
        await api.InitializeAsync();
        var ada = await api.SignInAsync("ada");
        (await ada.GetAsync("/api/v1/me")).StatusCode.ShouldBe(HttpStatusCode.OK);
        // Without a notification, as if it were delayed.
        await api.Database.ExecuteAsync(
            $"""
            ALTER TABLE app.users DISABLE TRIGGER USER; ALTER TABLE identity.sessions DISABLE TRIGGER USER;
            DELETE FROM app.users WHERE id = '{ada.User.Id}'
            """
        );
        foreach (
            var (method, path, key) in new[]
            {
                (HttpMethod.Get, "/api/v1/me", null),
                (HttpMethod.Get, "/api/v1/me/export", null),
                (HttpMethod.Post, "/api/v1/notes", null),
                (HttpMethod.Post, "/api/v1/notes", "a-key"),
            }
        )
        {
            var response = await ada.CallAsync(
                method,
                path,
                method == HttpMethod.Post ? new { title = "Too late" } : null,
                key: key
            );
            response.StatusCode.ShouldBe(HttpStatusCode.Unauthorized, $"{method} {path}");
            (await response.JsonAsync()).GetProperty("type").GetString().ShouldBe("/problems/unauthenticated");
        }
    }

    [Fact]
    public async Task Note_deleted_while_it_is_shared_is_404_without_a_server_error()
    {
        await using var api = new ApiUnderTest(server);
        await api.InitializeAsync();
        var ada = await api.SignInAsync("ada");
        var note = await ada.WriteAsync("Going");
        await using var other = new NpgsqlConnection(api.Database.ConnectionString);
        await other.OpenAsync(Cancellation);
        await using var removing = await other.BeginTransactionAsync(Cancellation);
        await using (var remove = new NpgsqlCommand($"DELETE FROM app.notes WHERE id = '{note[^36..]}'", other))
            await remove.ExecuteNonQueryAsync(Cancellation);
        var sharing = ada.PostAsync($"{note}/shares", new { address = "late@example.com" });
        await Wait.UntilAsync(async () =>
            (bool)
                (
                    await api.Database.ExecuteAsync(
                        """
                        SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()
                            AND wait_event_type = 'Lock')
                        """
                    )
                )!
        );
        await removing.CommitAsync(Cancellation);
        var response = await sharing;
        response.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await response.JsonAsync()).GetProperty("type").GetString().ShouldBe("/problems/not-found");
    }
}
