using Lightning.Sessions.Cookies.WebSessions;
using Lightning.Testing;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Sessions.Tests.Races;

/// <summary>
/// Two replicas and three requests that refresh the same expired tokens at a strict provider.
/// </summary>
public sealed class RefreshRace(PostgresServer server) : IAsyncLifetime
{
    readonly StrictProvider provider = new();
    TestDatabase database = null!;
    Replica[] replicas = [];
    LiveSession[] sessions = [];

    public async ValueTask InitializeAsync()
    {
        database = await server.CreateDatabaseAsync();
        replicas = [await Replica.StartAsync(database, provider), await Replica.StartAsync(database, provider)];
        sessions = await replicas[0].AddSessionsAsync(Interleavings.Count, TimeSpan.FromMinutes(2));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var replica in replicas)
            await replica.DisposeAsync();
        await database.DisposeAsync();
    }

    [Fact]
    [Trait("Check", "T01")]
    [Trait("Check", "T02")]
    public async Task Refresh_ByTwoReplicas_HappensOnceAndNoTokenIsLost() =>
        (await FindFailuresAsync()).ShouldBeEmpty();

    [Fact]
    [Trait("Check", "T01")]
    public async Task Refresh_WithoutALease_WouldHappenTwice()
    {
        await database.ExecuteAsync(
            """
            CREATE FUNCTION web.forget_lease() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.refresh_lease_until :=
                NULL; RETURN NEW; END $$;
            CREATE TRIGGER forget_lease BEFORE UPDATE ON web.sessions FOR EACH ROW EXECUTE FUNCTION web.forget_lease();
            """
        );
        (await FindFailuresAsync()).ShouldNotBeEmpty();
    }

    /// <summary>The sessions whose tokens were not refreshed exactly once and stored.</summary>
    async Task<List<string>> FindFailuresAsync()
    {
        var failures = new List<string>();
        await Interleavings.RunAsync(
            sessions,
            async (session, random) =>
            {
                var answers = await Task.WhenAll(
                    new[] { 0, 1, 1 }.Select(replica =>
                    {
                        var pauses = new Random(random.Next());
                        return Task.Run(async () =>
                        {
                            await Interleavings.PauseAsync(pauses);
                            StrictProvider.Pauses.Value = pauses;
                            return await replicas[replica].Tokens.GetAsync(session, CancellationToken.None);
                        });
                    })
                );
                var isRight =
                    answers.All(answer =>
                        answer.Status == AccessTokenStatus.Available
                        && answer.Authorization == $"Bearer access-{session.Id}-1"
                    )
                    && provider.CallsFor(session.Id) == 1;
                if (isRight)
                    return;
                lock (failures)
                    failures.Add(
                        $"{session.Id}: {provider.CallsFor(session.Id)} calls, "
                            + $"{string.Join(", ", answers.Select(answer => answer.Status))}"
                    );
            }
        );
        await using var db = database.Connect();
        var rows = await db
            .WebSessions.AsNoTracking()
            .Where(web => web.Session!.EndedAt == null)
            .ToDictionaryAsync(web => web.SessionId);
        foreach (var session in sessions)
            if (
                !rows.TryGetValue(session.Id, out var row)
                || replicas[0].Unprotect(session, row.Tokens).RefreshToken != $"{session.Id}.1"
                || row.RefreshLeaseOwner is not null
            )
                failures.Add($"{session.Id} is not stored");
        return failures;
    }
}
