using System.Data.Common;
using System.Net;
using System.Text.RegularExpressions;
using Lightning.Data;
using Lightning.Testing;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.Extensions.DependencyInjection;

namespace Lightning.Api.Tests;

public class IdempotencyTests(ApiUnderTest api, PostgresServer server) : IClassFixture<ApiUnderTest>
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Retry_with_the_same_key_replays_the_response()
    {
        var ada = await api.SignInAsync("ada");
        var first = await ada.PostAsync("/api/v1/notes", new { title = "Once" }, "key");
        var again = await ada.PostAsync("/api/v1/notes", new { title = "Once" }, "key");
        foreach (var response in new[] { first, again })
            response.StatusCode.ShouldBe(HttpStatusCode.Created);
        (await again.Content.ReadAsStringAsync(Cancellation)).ShouldBe(
            await first.Content.ReadAsStringAsync(Cancellation)
        );
        (again.Headers.Location, again.Headers.ETag, again.Content.Headers.ContentType).ShouldBe(
            (first.Headers.Location, first.Headers.ETag, first.Content.Headers.ContentType)
        );
        (await ada.TitlesAsync()).ShouldBe(["Once"]);
        // Later changes of the note do not affect the replay.
        (
            await ada.PutAsync(first.Headers.Location!.ToString(), new { title = "Changed", body = "" })
        ).EnsureSuccessStatusCode();
        (
            await (await ada.PostAsync("/api/v1/notes", new { title = "Once" }, "key")).Content.ReadAsStringAsync(
                Cancellation
            )
        ).ShouldBe(await first.Content.ReadAsStringAsync(Cancellation));
    }

    [Fact]
    public async Task Key_of_another_request_is_422_and_keys_are_per_user()
    {
        var (ada, bob) = (await api.SignInAsync("ada"), await api.SignInAsync("bob"));
        (await ada.PostAsync("/api/v1/notes", new { title = "Once" }, "key")).StatusCode.ShouldBe(
            HttpStatusCode.Created
        );
        (await ada.PostAsync("/api/v1/notes", new { title = "Twice" }, "key")).StatusCode.ShouldBe(
            HttpStatusCode.UnprocessableEntity
        );
        (
            await ada.PostAsync("/api/v1/notes/archive", new { ids = new[] { Guid.NewGuid() }, archived = true }, "key")
        ).StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        (await bob.PostAsync("/api/v1/notes", new { title = "Bob's" }, "key")).StatusCode.ShouldBe(
            HttpStatusCode.Created
        );
        (await bob.TitlesAsync()).ShouldBe(["Bob's"]);
        (await ada.TitlesAsync()).ShouldBe(["Once"]);
    }

    [Fact]
    public async Task Check_then_insert_executes_concurrent_requests_twice()
    {
        await using var own = new ApiUnderTest(server)
        {
            AllowsUndocumentedResponses = true,
            Configure = services =>
                services.ConfigureDbContext<LightningDb>(options => options.AddInterceptors(new LooksThenWrites())),
        };
        await own.InitializeAsync();
        await own.Database.ExecuteAsync("ALTER TABLE app.keyed_requests DROP CONSTRAINT pk_keyed_requests");
        var ada = await own.SignInAsync("ada");
        await Task.WhenAll(
            Enumerable.Range(0, 2).Select(_ => ada.PostAsync("/api/v1/notes", new { title = "Twice" }, "key"))
        );
        (await ada.TitlesAsync()).ShouldBe(["Twice", "Twice"]);
    }

    /// <summary>
    /// Replaces the single INSERT, which waits for a concurrent one, by a check and an insert.
    /// </summary>
    sealed class LooksThenWrites : DbCommandInterceptor, IDbTransactionInterceptor
    {
        readonly Barrier both = new(2);

        Task<bool> MeetAsync(CancellationToken cancellationToken) =>
            Task.Run(() => both.SignalAndWait(TimeSpan.FromSeconds(10), cancellationToken), cancellationToken);

        public async ValueTask<InterceptionResult> TransactionCommittingAsync(
            DbTransaction transaction,
            TransactionEventData eventData,
            InterceptionResult result,
            CancellationToken cancellationToken = default
        )
        {
            await MeetAsync(cancellationToken);
            return result;
        }

        public override ValueTask<InterceptionResult<int>> NonQueryExecutingAsync(
            DbCommand command,
            CommandEventData eventData,
            InterceptionResult<int> result,
            CancellationToken cancellationToken = default
        )
        {
            if (command.CommandText.Contains("INTO app.keyed_requests", StringComparison.Ordinal))
                command.CommandText = Regex.Replace(
                    command.CommandText,
                    @"VALUES \((.*)\)\s*ON CONFLICT.*",
                    """
                    SELECT $1 WHERE NOT EXISTS (SELECT FROM app.keyed_requests AS there
                        WHERE there.user_id = @p0 AND there.key = @p1)
                    """,
                    RegexOptions.Singleline
                );
            return new(result);
        }

        public override async ValueTask<int> NonQueryExecutedAsync(
            DbCommand command,
            CommandExecutedEventData eventData,
            int result,
            CancellationToken cancellationToken = default
        )
        {
            if (command.CommandText.Contains("INTO app.keyed_requests", StringComparison.Ordinal))
                await MeetAsync(cancellationToken);
            return result;
        }
    }

    [Fact]
    public async Task Concurrent_requests_with_one_key_execute_once()
    {
        await using var own = new ApiUnderTest(server);
        await own.InitializeAsync();
        await using var other = await own.ReplicateAsync();
        var ada = await own.SignInAsync("ada");
        var there = ada with { Client = other.With(ApiUnderTest.Token(ada.User, ada.Session)) };
        for (var round = 0; round < 10; round++)
        {
            var responses = await Task.WhenAll(
                Enumerable
                    .Range(0, 8)
                    .Select(async number =>
                        await (
                            await (number % 2 == 0 ? ada : there).PostAsync(
                                "/api/v1/notes",
                                new { title = $"Round {round}" },
                                $"round-{round}"
                            )
                        ).Content.ReadAsStringAsync(Cancellation)
                    )
            );
            responses.Distinct().Count().ShouldBe(1);
        }
        (await ada.TitlesAsync()).Length.ShouldBe(10);
        // Without keys the request is executed twice: otherwise this test could not fail.
        await Task.WhenAll(
            Enumerable
                .Range(0, 8)
                .Select(number => (number % 2 == 0 ? ada : there).PostAsync("/api/v1/notes", new { title = "No key" }))
        );
        (await ada.TitlesAsync()).Length.ShouldBe(18);
    }

    [Fact]
    public async Task Failed_request_stores_no_key_and_replay_is_authorized()
    {
        var (ada, bob) = (await api.SignInAsync("ada"), await api.SignInAsync("bob"));
        (await ada.PostAsync("/api/v1/notes", new { title = "" }, "retry")).StatusCode.ShouldBe(
            HttpStatusCode.BadRequest
        );
        (await ada.PostAsync("/api/v1/notes", new { title = "Now right" }, "retry")).StatusCode.ShouldBe(
            HttpStatusCode.Created
        );
        var note = await ada.WriteAsync("Shared");
        (await ada.PostAsync($"{note}/shares", new { address = bob.User.Email }, "share")).StatusCode.ShouldBe(
            HttpStatusCode.Created
        );
        (await ada.PostAsync($"{note}/shares", new { address = bob.User.Email }, "another")).StatusCode.ShouldBe(
            HttpStatusCode.Conflict
        );
        (await ada.DeleteAsync(note)).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        (await ada.PostAsync($"{note}/shares", new { address = bob.User.Email }, "share")).StatusCode.ShouldBe(
            HttpStatusCode.NotFound
        );
    }

    [Theory]
    [InlineData("with space")]
    [InlineData("ü")]
    public async Task Invalid_key_is_400(string key)
    {
        var ada = await api.SignInAsync("ada");
        (await ada.PostAsync("/api/v1/notes", new { title = "x" }, key)).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await ada.PostAsync("/api/v1/notes", new { title = "x" }, new string('k', 256))).StatusCode.ShouldBe(
            HttpStatusCode.BadRequest
        );
        (await ada.TitlesAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task Expired_key_is_reusable_and_deleted()
    {
        var ada = await api.SignInAsync("ada");
        (await ada.PostAsync("/api/v1/notes", new { title = "Yesterday" }, "daily")).StatusCode.ShouldBe(
            HttpStatusCode.Created
        );
        var left = (TimeSpan)
            (
                await api.Database.ExecuteAsync(
                    $"SELECT expires_at - now() FROM app.keyed_requests WHERE user_id = '{ada.User.Id}'"
                )
            )!;
        left.ShouldBe(TimeSpan.FromHours(24), TimeSpan.FromMinutes(1));
        await api.Database.ExecuteAsync(
            $"UPDATE app.keyed_requests SET expires_at = now() WHERE user_id = '{ada.User.Id}'"
        );
        (await ada.PostAsync("/api/v1/notes", new { title = "Today" }, "daily")).StatusCode.ShouldBe(
            HttpStatusCode.Created
        );
        (await ada.TitlesAsync()).ShouldBe(["Today", "Yesterday"]);
        await api.Database.ExecuteAsync(
            $"UPDATE app.keyed_requests SET expires_at = now() WHERE user_id = '{ada.User.Id}'"
        );
        // The cleanup runs at start.
        await using var other = await api.ReplicateAsync();
        other.Anonymous().Dispose();
        await Wait.UntilAsync(async () =>
            (
                await api.Database.ExecuteAsync(
                    $"SELECT count(*) FROM app.keyed_requests WHERE user_id = '{ada.User.Id}'"
                )
            )
                is 0L
        );
    }
}
