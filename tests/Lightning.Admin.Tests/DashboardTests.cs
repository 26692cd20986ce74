using System.Net;
using Lightning.Admin.Dashboard;
using Lightning.Data;
using Lightning.Data.Audit;
using Lightning.Sessions;
using Lightning.Testing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Lightning.Admin.Tests;

/// <summary>The dashboard: correct numbers, read by indexes, cached, and usable without scripts.</summary>
public sealed class DashboardTests(PostgresServer server, AdminUnderTest admin) : IClassFixture<AdminUnderTest>
{
    static readonly TimeSpan Idle = TimeSpan.FromHours(12);

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Figures_match_the_database()
    {
        await using var database = await server.CreateDatabaseAsync();
        var now = DateTimeOffset.UtcNow;
        await using (var db = database.Connect())
        {
            var (ada, root) = (await db.AddUserAsync("ada"), await db.AddUserAsync("root", isAdmin: true));
            var session = await db.AddSessionAsync(root);
            var acting = await db.AddImpersonationSessionAsync(ada, session);
            var (ended, idle) = (await db.AddSessionAsync(ada), await db.AddSessionAsync(ada));
            await database.ExecuteAsync(
                $"""
                SELECT identity.end_session('{ended.Id}', 'test');
                UPDATE identity.sessions SET last_seen_at = now() - interval '13 hours'
                    WHERE id = '{idle.Id}'
                """
            );
            foreach (
                var (action, daysAgo, count) in new[]
                {
                    ("signed-in", 0, 3),
                    ("signed-in", 13, 2),
                    ("signed-in", 14, 5),
                    ("sign-in-failed", 1, 4),
                    ("refreshed", 0, 50),
                }
            )
                for (var i = 0; i < count; i++)
                    db.AuditEntries.Add(
                        new()
                        {
                            At = now.AddDays(-daysAgo),
                            Action = action,
                            UserId = ada.Id,
                        }
                    );
            db.AuditEntries.Add(
                new()
                {
                    At = now,
                    Action = "note.created",
                    UserId = ada.Id,
                    SessionId = acting.Id,
                    SubjectType = "note",
                    SubjectId = "1",
                }
            );
            db.AuditEntries.Add(new() { At = now, Action = "signing-key-made" });
            await db.SaveChangesAsync(Cancellation);
        }
        await using var site = database.ConnectAs("admin");
        var figures = await DashboardFigures.ReadAsync(site, now, Idle, Cancellation);
        figures
            .Counts.Select(count => (count.What, count.Number, count.IsEstimate))
            .ShouldBe([("Users", 2, false), ("Active sessions", 2, false), ("Notes", 0, false), ("Shares", 0, false)]);
        figures.Days.Count.ShouldBe(14);
        figures
            .Days.Select(day => day.Date)
            .ShouldBe(
                Enumerable.Range(0, 14).Select(back => DateOnly.FromDateTime(now.UtcDateTime).AddDays(back - 13))
            );
        (
            figures.Days[13].SignIns,
            figures.Days[0].SignIns,
            figures.Days.Sum(day => day.SignIns),
            figures.Days[12].Failures,
            figures.Days.Sum(day => day.Failures)
        ).ShouldBe((3, 2, 5, 4, 4));
        figures
            .Changes.Select(change => (change.Action, change.Who, change.Impersonator))
            .ShouldBe([("signing-key-made", null, null), ("note.created", "ada@example.com", "root@example.com")]);
    }

    [Fact]
    public async Task Figures_of_large_tables_use_indexes_only()
    {
        await using var database = await server.CreateDatabaseAsync();
        await FillAsync(database);
        var statements = new Statements();
        await using var site = new LightningDb(
            new DbContextOptionsBuilder<LightningDb>(database.Options())
                .UseNpgsql(database.ConnectionStringOf("admin"))
                .AddInterceptors(statements)
                .Options
        );
        var figures = await DashboardFigures.ReadAsync(site, DateTimeOffset.UtcNow, Idle, Cancellation);
        figures.Counts.Single(count => count.What == "Notes").ShouldBe(new Count("Notes", "notes", 30_000, true));
        figures.Changes.Count.ShouldBe(DashboardFigures.MaxChanges);
        figures.Days.Sum(day => day.SignIns).ShouldBeGreaterThan(0);
        statements.Queries.Count.ShouldBe(9);
        foreach (var statement in statements.Queries)
        {
            var plan = await ExplainAsync(database, statement);
            plan.ShouldNotContain("Seq Scan", Case.Sensitive, $"{statement.Text}\n{plan}");
        }
        // Both queries of the audit log use their index; without it this test fails.
        statements
            .Queries.Count(statement =>
                ExplainAsync(database, statement)
                    .GetAwaiter()
                    .GetResult()
                    .Contains("ix_entries_", StringComparison.Ordinal)
            )
            .ShouldBe(2);
        await database.ExecuteAsync(
            "DROP INDEX audit.ix_entries_action_at, audit.ix_entries_action_id, audit.ix_entries_at_id"
        );
        (
            await ExplainAsync(
                database,
                statements.Queries.Single(statement => statement.Text.Contains("FILTER", StringComparison.Ordinal))
            )
        ).ShouldContain("Seq Scan");
    }

    [Fact]
    public async Task Dashboard_without_scripts_has_tables_and_nothing_inline()
    {
        var (user, _, browser) = await admin.SignInAsync(isAdmin: true);
        using var answer = await browser.GetAsync("/", ("Accept", "text/html"));
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        var page = await answer.Content.ReadAsStringAsync(Cancellation);
        foreach (
            var text in new[]
            {
                "Active sessions",
                "Sign-ins in the last 14 days",
                DateTimeOffset.UtcNow.ToString("yyyy-MM-dd"),
                "Recent changes",
            }
        )
            page.ShouldContain(text);
        foreach (var inline in new[] { "style=", "onclick=", "<style", "<script>" })
            page.ShouldNotContain(inline);
        foreach (var file in new[] { "/lib/uplot/uPlot.iife.min.js", "/lib/uplot/uPlot.min.css", "/js/dashboard.js" })
            (await browser.GetAsync(file)).StatusCode.ShouldBe(HttpStatusCode.OK, file);
        await admin.Database.ExecuteAsync($"UPDATE app.users SET is_admin = false WHERE id = '{user.Id}'");
        await Wait.UntilAsync(
            async () => (await browser.GetAsync("/", ("Accept", "text/html"))).StatusCode == HttpStatusCode.Forbidden,
            TimeSpan.FromSeconds(3)
        );
        browser.Dispose();
    }

    [Fact]
    public async Task Figures_are_cached_for_concurrent_viewers()
    {
        var clock = new FixedClock();
        await using var database = await server.CreateDatabaseAsync();
        var statements = new Statements();
        var services = new ServiceCollection();
        services.AddScoped(_ => new LightningDb(
            new DbContextOptionsBuilder<LightningDb>(database.Options())
                .UseNpgsql(database.ConnectionStringOf("admin"))
                .AddInterceptors(statements)
                .Options
        ));
        await using var provider = services.BuildServiceProvider();
        var recent = new DashboardCache(
            provider.GetRequiredService<IServiceScopeFactory>(),
            Options.Create(new SessionsOptions()),
            clock
        );
        var all = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => recent.GetAsync(Cancellation)));
        all.Distinct().Count().ShouldBe(1);
        var once = statements.Queries.Count;
        clock.Advance(DashboardCache.MaxAge - TimeSpan.FromSeconds(1));
        (await recent.GetAsync(Cancellation)).ShouldBeSameAs(all[0]);
        clock.Advance(TimeSpan.FromSeconds(1));
        (await recent.GetAsync(Cancellation)).ShouldNotBeSameAs(all[0]);
        statements.Queries.Count.ShouldBe(2 * once);
    }

    [Fact]
    public void Dashboard_policy_allows_administrators_only()
    {
        var root = new Authorization.Actor(Guid.NewGuid(), Guid.NewGuid(), IsAdmin: true, IsVerified: true);
        new DashboardPolicy().May(root, Authorization.Verb.Read).ShouldBeTrue();
        new DashboardPolicy().May(root with { IsAdmin = false }, Authorization.Verb.Read).ShouldBeFalse();
    }

    static async Task FillAsync(TestDatabase database) =>
        await database.ExecuteAsync(
            """
            ALTER TABLE app.users DISABLE TRIGGER USER;
            ALTER TABLE app.notes DISABLE TRIGGER USER;
            ALTER TABLE app.note_shares DISABLE TRIGGER USER;
            INSERT INTO app.users (id, issuer, subject, email, email_verified, name, is_admin, created_at)
                SELECT gen_random_uuid(), 'issuer', number::text, number || '@example.com', true, '', false, now()
                    FROM generate_series(1, 20000) AS number;
            INSERT INTO identity.sessions (id, issuer, user_id, created_at, auth_time, last_seen_at, ends_at, methods,
                ended_at)
                SELECT gen_random_uuid(), 'issuer', id, now(), now(), now(),
                    now() + random() * interval '200 days' - interval '198 days', '{pwd}', CASE WHEN random() < 0.5
                    THEN now() END FROM app.users;
            INSERT INTO app.notes (id, owner_id, title, body, created_at, updated_at)
                SELECT gen_random_uuid(), (SELECT id FROM app.users
                    LIMIT 1), 'Note ' || number, 'some words', now(), now() FROM generate_series(1, 30000) AS number;
            INSERT INTO app.note_shares (id, note_id, address, user_id, can_edit, created_at)
                SELECT gen_random_uuid(), id, 'a@example.com', owner_id, false, now() FROM app.notes;
            INSERT INTO audit.entries (at, action, user_id)
                SELECT now() - interval '90 days' * (1 - number / 200000.0), CASE WHEN number % 20 = 0 THEN 'signed-in'
                    WHEN number % 100 = 1 THEN 'sign-in-failed' WHEN number % 5000 = 2 THEN 'note.updated'
                    ELSE 'refreshed' END, NULL
                FROM generate_series(1, 200000) AS number;
            ANALYZE app.users; ANALYZE app.notes; ANALYZE app.note_shares; ANALYZE audit.entries;
            ANALYZE identity.sessions;
            """
        );

    static async Task<string> ExplainAsync(TestDatabase database, Statement statement)
    {
        await using var connection = new NpgsqlConnection(database.ConnectionString);
        await connection.OpenAsync(Cancellation);
        await using var explain = new NpgsqlCommand($"EXPLAIN {statement.Text}", connection);
        foreach (var parameter in statement.Parameters)
            explain.Parameters.Add(parameter.Clone());
        var lines = new List<string>();
        await using var reader = await explain.ExecuteReaderAsync(Cancellation);
        while (await reader.ReadAsync(Cancellation))
            lines.Add(reader.GetString(0));
        return string.Join('\n', lines);
    }
}
