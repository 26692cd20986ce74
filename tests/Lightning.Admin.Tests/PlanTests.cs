using System.Text.Json;
using Lightning.Admin.Engine.Lists;
using Lightning.Admin.Engine.Operations;
using Lightning.Admin.Engine.Queries;
using Lightning.Admin.Engine.Registrations;
using Lightning.Authorization;
using Lightning.Data;
using Lightning.Testing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Lightning.Admin.Tests;

/// <summary>
/// Counts the rows that Postgres reads for the product's large lists with the site's own role. The requested rows are
/// the oldest, so a plan that scans back from the newest reads nearly all of them.
/// </summary>
public sealed class PlanTests(PostgresServer server)
{
    const int Rows = 12_000;

    /// <summary>A page has fifty rows with some related rows; counts and searches stop after 1,001.</summary>
    const int Most = 2_300;

    static readonly Actor Root = new(Guid.NewGuid(), Guid.NewGuid(), IsAdmin: true, IsVerified: true);

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Large_lists_seek_in_indexes()
    {
        await using var database = await server.CreateDatabaseAsync();
        var (person, at) = await FillAsync(database);
        await using var services = ListTests.SiteOf(database.ConnectionStringOf("admin"));
        var site = services.GetRequiredService<AdminSite>();
        var look = new Look(database, site);
        var wrong = new List<string>();
        foreach (var registration in site.Registrations.Where(registration => !registration.IsSmall))
        {
            foreach (var (what, state) in Lists(registration, person, at))
            {
                var page = await AskAsync($"{registration.Slug}{what}", rows => rows.ListAsync(state, Cancellation));
                if (page.Next is not null)
                    await AskAsync(
                        $"{registration.Slug}{what}, next page",
                        rows => rows.ListAsync(state with { Cursor = page.Next }, Cancellation)
                    );
                await AskAsync($"{registration.Slug}{what}, counted", rows => rows.CountAsync(state, Cancellation));
                page.Rows.Count.ShouldBeGreaterThan(
                    what.EndsWith("empty=yes", StringComparison.Ordinal)
                    || what.StartsWith("?q=", StringComparison.Ordinal)
                        ? -1
                        : 0,
                    $"{registration.Slug}{what}"
                );
            }
            // A deep page costs the same as the first.
            ListPage deep;
            var place = (string?)null;
            for (var pages = 0; pages < 12; pages++)
            {
                deep = await registration
                    .Open(look.Request)
                    .ListAsync(new ListState { Size = 250, Cursor = place }, Cancellation);
                place = deep.Next.ShouldNotBeNull();
            }
            var there = await AskAsync(
                $"{registration.Slug}, deep",
                rows => rows.ListAsync(new ListState { Cursor = place }, Cancellation)
            );
            await AskAsync(
                $"{registration.Slug}, deep and back",
                rows => rows.ListAsync(new ListState { Cursor = there.Previous }, Cancellation)
            );
            foreach (var search in new[] { "", "needle" })
                await AskAsync(
                    $"{registration.Slug}, picked by “{search}”",
                    rows => rows.Lookup.PickAsync(search, 20, Cancellation)
                );

            async Task<TAnswer> AskAsync<TAnswer>(string what, Func<Rows, Task<TAnswer>> ask)
            {
                var (answer, statements) = await look.AtAsync(registration, ask);
                wrong.AddRange(
                    statements
                        .Where(statement => statement.Read > Most)
                        .Select(statement => $"{what}: {statement.Read} rows\n{statement.Text}\n{statement.Plan}")
                );
                return answer;
            }
        }
        // Counts of another filter's values: two indexes with thousands of rows each and no overlap. Only the first
        // 2,000 rows are counted.
        await database.ExecuteAsync(
            $"""
            INSERT INTO audit.entries (at, action, user_id) SELECT now(), CASE WHEN number % 2 = 0 THEN 'signed-out'
                ELSE 'note.created' END, (SELECT id FROM app.users WHERE subject = CASE WHEN number % 2 = 0 THEN '4'
                ELSE '5' END)
            FROM generate_series(1, 25000) AS number;
            ANALYZE audit.entries;
            """
        );
        var entries = site.Find("audit-entries")!;
        var busy = await database.ExecuteAsync("SELECT id FROM app.users WHERE subject = '4'");
        var (facets, counted) = await look.AtAsync(
            entries,
            rows =>
                rows.FacetsAsync(
                    State(entries, $"f.userId.is={busy}"),
                    entries.Filters.Single(filter => filter.Name == "action"),
                    Cancellation
                )
        );
        wrong.AddRange(
            counted
                .Where(statement => statement.Read > 2 * Most)
                .Select(statement => $"facets: {statement.Read} rows\n{statement.Text}\n{statement.Plan}")
        );
        facets
            .Select(facet => (facet.Title, facet.Count.ToString()))
            .Where(facet => facet.Title is "Signed out" or "Note created")
            .ShouldBe([("Signed out", "1,000+"), ("Note created", "?")]);
        var both = State(entries, $"f.userId.is={busy}&f.action.is=note.created");
        (await look.AtAsync(entries, rows => rows.CountAsync(both, Cancellation))).Statements.ShouldContain(statement =>
            statement.Read > 5 * Most
        );
        // The fallback when that takes too long: combine both indexes before reading rows.
        foreach (
            var (_, put) in new[]
            {
                await look.AtAsync(entries, Count, PlannerHints.CombinedBitmapScans),
                await look.AtAsync(entries, List, PlannerHints.CombinedBitmapScans),
            }
        )
            put.ShouldAllBe(statement => statement.Read < Most);
        wrong.ShouldBeEmpty();

        async Task<object> Count(Rows rows) => await rows.CountAsync(both, Cancellation);

        async Task<object> List(Rows rows) => await rows.ListAsync(both, Cancellation);

        // A word that matches too many users is not searched in them, with a warning.
        foreach (
            var (slug, search, said) in new[]
            {
                ("sessions", "common", 1),
                ("sessions", "needle", 0),
                ("sessions", "2@example.com", 0),
                ("notes", "\"common\" 2@example.com", 1),
            }
        )
            (
                await site.Find(slug)!.Open(look.Request).ListAsync(new ListState { Search = search }, Cancellation)
            ).SearchWarnings.Count.ShouldBe(said, search);

        // Parts of an address, which are phrases: those that every row has, and those of a single row.
        foreach (
            var (slug, search, rows) in new[]
            {
                ("users", "2@example.com", 1),
                ("accounts", "2@example", 1),
                ("users", "example.com", 50),
                ("users", "Common @example", 50),
            }
        )
        {
            var (found, searched) = await look.AtAsync(
                site.Find(slug)!,
                one => one.ListAsync(new ListState { Search = search }, Cancellation)
            );
            found.Rows.Count.ShouldBe(rows, $"{slug} {search}");
            // For parts of every row the planner may choose any plan.
            if (rows == 1)
                searched.Sum(statement => statement.Read).ShouldBeLessThan(Most, $"{slug} {search}");
        }

        // The rows of one owner with many rows are read from an index, once the search is known to be frequent.
        var (owned, read) = await look.AtAsync(
            site.Find("notes")!,
            rows => rows.ListAsync(new ListState { Search = "1@example.com" }, Cancellation)
        );
        owned.Next.ShouldNotBeNull();
        read.Where(statement => statement.Text.Contains("ORDER BY n.created_at", StringComparison.Ordinal))
            .ShouldHaveSingleItem()
            .Read.ShouldBeLessThan(
                150,
                string.Join(
                    '\n',
                    read.Select(statement => $"{statement.Read} rows\n{statement.Text}\n{statement.Plan}")
                )
            );

        // Proves that the test works: without its index, a range of the audit log is a scan.
        await database.ExecuteAsync("DROP INDEX audit.ix_entries_at_id");
        var (_, without) = await look.AtAsync(
            entries,
            rows => rows.ListAsync(State(entries, $"f.at.on={at:yyyy-MM-dd}"), Cancellation)
        );
        without.ShouldContain(statement => statement.Read > Most);
    }

    /// <summary>Every order, filter and search of a list, with a name for each.</summary>
    static IEnumerable<(string What, ListState State)> Lists(Registration registration, Guid person, DateTimeOffset at)
    {
        yield return (", as it is", new ListState());
        foreach (var column in registration.Columns.Where(registration.IsSortable))
        foreach (var way in new[] { "", "-" })
            yield return Of($"sort={way}{column.Name}");
        foreach (var filter in registration.Filters)
        foreach (var comparison in filter.Comparisons(isSmall: false))
        foreach (
            var value in comparison switch
            {
                Comparison.Is => [Value(filter)],
                Comparison.Empty => ["yes", "no"],
                Comparison.On => [$"{at:yyyy}", $"{at:yyyy-MM}", $"{at:yyyy-MM-dd}"],
                _ => new[] { $"{at.AddDays(1):yyyy-MM-dd}" },
            }
        )
            yield return Of(
                $"f.{filter.Name}.{comparison.ToString().ToLowerInvariant()}={Uri.EscapeDataString(value)}"
            );
        if (!registration.IsSearchable)
            yield break;
        // For values of nearly every row the planner may choose any plan.
        yield return Of("q=needle");

        (string, ListState) Of(string query) => ($"?{query}", State(registration, query));

        string Value(Filter filter) =>
            filter.Name switch
            {
                "email" => "1@example.com",
                "slug" => "organization-1",
                "action" => "user.updated",
                "subjectType" => "user",
                _ when TypedDate(filter) => at.ToString("O"),
                "noteId" => "00000000-0000-4000-8000-000000000001",
                _ => person.ToString(),
            };

        static bool TypedDate(Filter filter) => filter.Field.Type == typeof(DateTimeOffset);
    }

    static ListState State(Registration registration, string query)
    {
        var state = ListState.Read(registration, Microsoft.AspNetCore.WebUtilities.QueryHelpers.ParseQuery(query));
        state.Errors.ShouldBeEmpty(query);
        return state;
    }

    /// <summary>
    /// Fills each large table with one row an hour; the oldest tenth belongs to one user and one rare kind.
    /// </summary>
    static async Task<(Guid Person, DateTimeOffset At)> FillAsync(TestDatabase database)
    {
        await using var connection = new NpgsqlConnection(database.ConnectionString);
        await connection.OpenAsync();
        await using var fill = new NpgsqlCommand(
            $"""
            ALTER TABLE app.users DISABLE TRIGGER USER;
            ALTER TABLE app.notes DISABLE TRIGGER USER;
            ALTER TABLE app.note_shares DISABLE TRIGGER USER;
            ALTER TABLE app.memberships DISABLE TRIGGER USER;
            ALTER TABLE app.invitations DISABLE TRIGGER USER;
            CREATE TEMP TABLE made AS SELECT number, uuidv7((number - {Rows}) * interval '1 hour') AS id,
                date_trunc('second', now()) + (number - {Rows}) * interval '1 hour' AS at,
                number <= {Rows / 10} AS old FROM generate_series(1, {Rows}) AS number;
            CREATE UNIQUE INDEX ON made (number);
            INSERT INTO app.users (id, issuer, subject, email, email_verified, name, is_admin, created_at)
                SELECT id, 'issuer', number::text, number || '@example.com', true, CASE number WHEN 2 THEN 'Needle'
                    ELSE 'Common' END, false, at FROM made;
            INSERT INTO identity.accounts (id, user_name, normalized_user_name, email, normalized_email,
                email_confirmed, name, created_at, phone_number_confirmed, two_factor_enabled, lockout_enabled,
                access_failed_count)
                SELECT id, email, upper(email), email, upper(email), true, name, created_at, false, false, true, 0
                    FROM app.users;
            INSERT INTO identity.sessions (id, issuer, user_id, created_at, auth_time, last_seen_at, ends_at, methods)
                SELECT made.id, 'issuer', person.id, made.at, made.at, made.at, made.at, ARRAY['pwd'] FROM made
                    JOIN made AS person ON person.number = CASE WHEN made.old THEN 1 ELSE made.number END;
            INSERT INTO app.notes (id, owner_id, title, body, created_at, updated_at)
                SELECT CASE made.number WHEN 1 THEN '00000000-0000-4000-8000-000000000001' ELSE made.id
                    END, person.id, CASE made.number WHEN 3 THEN 'A needle' ELSE 'Common' END, 'words', made.at, made.at
                FROM made JOIN made AS person ON person.number = CASE WHEN made.old THEN 1 ELSE made.number END;
            INSERT INTO app.note_shares (id, note_id, address, user_id, can_edit, created_at)
                SELECT made.id, note.id, made.number || '@example.com', CASE WHEN made.number % 20 = 0 AND made.old
                    THEN NULL ELSE person.id END, false, made.at
                FROM made JOIN app.notes AS note ON note.created_at = made.at JOIN made AS person
                    ON person.number = CASE WHEN made.old THEN 1 ELSE made.number END;
            INSERT INTO app.organizations (id, slug, name, created_at)
                SELECT id, 'organization-' || number, 'Common', at FROM made;
            INSERT INTO app.memberships (id, organization_id, user_id, role, created_at)
                SELECT made.id, made.id, person.id, 'owner', made.at FROM made
                    JOIN made AS person ON person.number = CASE WHEN made.old THEN 1 ELSE made.number END;
            INSERT INTO app.invitations (id, organization_id, address, user_id, role, invited_by_id, created_at,
                expires_at)
                SELECT made.id, made.id, made.number || '@example.com', CASE WHEN made.number % 20 = 0 AND made.old
                    THEN NULL ELSE person.id END, 'member', person.id, made.at, made.at
                FROM made JOIN made AS person ON person.number = CASE WHEN made.old THEN 1 ELSE made.number END;
            INSERT INTO audit.entries (at, action, user_id, subject_type, subject_id)
                SELECT made.at, CASE WHEN made.old THEN 'user.updated' ELSE 'refreshed' END, CASE
                    WHEN made.number % 20 = 0 AND made.old THEN NULL WHEN made.old THEN person.id ELSE made.id END,
                    CASE WHEN made.old THEN 'user' END, CASE WHEN made.old THEN made.id::text END FROM made
                        JOIN made AS person ON person.number = 1 ORDER BY made.number;
            ALTER TABLE app.users ENABLE TRIGGER USER;
            ALTER TABLE app.notes ENABLE TRIGGER USER;
            ALTER TABLE app.note_shares ENABLE TRIGGER USER;
            ALTER TABLE app.memberships ENABLE TRIGGER USER;
            ALTER TABLE app.invitations ENABLE TRIGGER USER;
            """,
            connection
        )
        {
            CommandTimeout = 0,
        };
        await fill.ExecuteNonQueryAsync();
        await database.ExecuteAsync("VACUUM ANALYZE");
        return (
            (Guid)(await database.ExecuteAsync("SELECT id FROM app.users WHERE subject = '1'"))!,
            new DateTimeOffset((DateTime)(await database.ExecuteAsync("SELECT min(created_at) FROM app.users"))!)
        );
    }

    /// <summary>Runs the site's statements again and counts the rows they read.</summary>
    internal sealed class Look(TestDatabase database, AdminSite site)
    {
        readonly Statements statements = new();

        public AdminRequest Request =>
            new(
                site,
                new LightningDb(
                    new DbContextOptionsBuilder<LightningDb>(database.Options())
                        .UseNpgsql(database.ConnectionStringOf("admin"))
                        .AddInterceptors(statements)
                        .Options
                ),
                Root,
                TimeProvider.System
            );

        public async Task<(
            TAnswer Answer,
            IReadOnlyList<(string Text, long Read, string Plan)> Statements
        )> AtAsync<TAnswer>(Registration registration, Func<Rows, Task<TAnswer>> ask, string? shut = null)
        {
            statements.Clear();
            var request = Request;
            await using var db = request.Db;
            var answer = await ask(registration.Open(request));
            var found = new List<(string, long, string)>();
            await db.Database.OpenConnectionAsync(Cancellation);
            await using var way = shut is null ? null : await PlannerHints.BeginAsync(db, shut, Cancellation);
            foreach (var (text, parameters, _) in statements.Queries)
            {
                await using var explain = new NpgsqlCommand(
                    $"EXPLAIN (ANALYZE, FORMAT JSON) {text}",
                    (NpgsqlConnection)db.Database.GetDbConnection()
                );
                foreach (var parameter in parameters)
                    explain.Parameters.Add(parameter.Clone());
                var plan = (string)(await explain.ExecuteScalarAsync(Cancellation))!;
                using var document = JsonDocument.Parse(plan);
                found.Add((text, Read(document.RootElement[0].GetProperty("Plan")), plan));
            }
            found.ShouldNotBeEmpty();
            return (answer, found);
        }

        /// <summary>The rows that a plan reads from tables and indexes, including those it discards.</summary>
        public static long Read(JsonElement node)
        {
            var read = node.TryGetProperty("Relation Name", out _)
                ? (Number("Actual Rows") + Number("Rows Removed by Filter") + Number("Rows Removed by Index Recheck"))
                    * Number("Actual Loops")
                : 0;
            return (long)read + (node.TryGetProperty("Plans", out var below) ? below.EnumerateArray().Sum(Read) : 0);

            double Number(string name) => node.TryGetProperty(name, out var number) ? number.GetDouble() : 0;
        }
    }
}
