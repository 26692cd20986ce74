extern alias admin;

using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using admin::Lightning.Admin.Audit;
using Lightning.Admin.Engine;
using Lightning.Admin.Engine.Audit;
using Lightning.Admin.Engine.Lists;
using Lightning.Admin.Engine.Operations;
using Lightning.Admin.Engine.Queries;
using Lightning.Admin.Engine.Registrations;
using Lightning.Authorization;
using Lightning.Data;
using Lightning.Data.Users;
using Lightning.Testing;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Lightning.Benchmarks;

/// <summary>
/// The admin site's lists with a million notes, 100,000 accounts and three million audit entries: the rows that
/// Postgres reads per page, and the time of a page compared with its queries and a static template.
/// </summary>
static class AdminBenchmark
{
    const int Deep = 40;
    static readonly Actor Root = new(Guid.NewGuid(), Guid.NewGuid(), IsAdmin: true, IsVerified: true);

    public static async Task RunAsync(PostgresServer server)
    {
        await using var database = await server.CreateDatabaseAsync();
        await FillAsync(database);
        await CountRowsAsync(database);
        await ComparePageAsync(database);
    }

    /// <summary>By the product's own command.</summary>
    static async Task FillAsync(TestDatabase database)
    {
        var clock = Stopwatch.StartNew();
        var seed = new ProcessStartInfo(
            "dotnet",
            ["exec", ProxyProcess.Service("Lightning.Manage"), "seed", "--size", "large"]
        )
        {
            RedirectStandardOutput = true,
        };
        seed.Environment["ConnectionStrings__lightning"] = database.ConnectionString;
        seed.Environment["DOTNET_ENVIRONMENT"] = "Development";
        using (var process = Process.Start(seed)!)
        {
            await process.StandardOutput.ReadToEndAsync();
            await process.WaitForExitAsync();
            if (process.ExitCode != 0)
                throw new InvalidOperationException($"The seed ended with {process.ExitCode}.");
        }
        // As autovacuum would.
        await RulesBenchmark.ExecuteAsync(database, "VACUUM ANALYZE");
        var counts = new List<string>();
        foreach (
            var (table, what) in new[]
            {
                ("app.notes", "notes"),
                ("app.note_shares", "shares"),
                ("identity.accounts", "accounts"),
                ("audit.entries", "audit entries"),
            }
        )
        {
            var rows = (long)(await database.ExecuteAsync($"SELECT count(*) FROM {table}"))!;
            counts.Add(string.Create(CultureInfo.InvariantCulture, $"{rows:N0} {what}"));
        }
        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{string.Join(", ", counts)}, seeded in {clock.Elapsed.TotalSeconds:0} s. Rows that the database "
                    + $"reads (EXPLAIN ANALYZE, those that it threw away included) for each that is shown:"
            )
        );
    }

    /// <summary>Rows read by each page of a list, and what that is for each row that it shows.</summary>
    static async Task CountRowsAsync(TestDatabase database)
    {
        var asked = new Statements();
        await using var services = SiteOf(database, asked);
        // The first users have the most notes.
        var someone = (Guid)
            (await database.ExecuteAsync("SELECT id FROM app.users WHERE email = 'person000003@example.com'"))!;
        Console.WriteLine("| list | page | rows shown | rows read | read for each shown |");
        Console.WriteLine("|---|---|---|---|---|");
        foreach (
            var (list, name, query) in new[]
            {
                ("notes", "first", ""),
                ("notes", "by when it was changed", "sort=-updatedAt"),
                ("notes", "a number that one has", "q=977123"),
                ("notes", "a phrase that thousands have", "q=\"winter garden\""),
                ("notes", "a word that many have", "q=harbour"),
                ("notes", "an email address", "q=person000003"),
                ("notes", "of one person", $"f.ownerId.is={someone}"),
                ("notes", "of one day", $"f.createdAt.on={DateTime.UtcNow.AddDays(-30):yyyy-MM-dd}"),
                ("shares", "first", ""),
                ("accounts", "first", ""),
                ("accounts", "an address", "q=person000977"),
                ("accounts", "a name that many have", "q=ada"),
                ("users", "first", ""),
                ("users", "an address", "q=person000977"),
                ("users", "a name that many have", "q=ada"),
                ("sessions", "first", ""),
                ("audit-entries", "first", ""),
                ("audit-entries", "of one kind", "f.action.is=note.deleted"),
                ("audit-entries", "of one person", $"f.userId.is={someone}"),
            }
        )
        {
            await MeasureAsync(
                list,
                name,
                async rows => (await rows.ListAsync(State(list, query), default)).Rows.Count
            );
        }
        foreach (var list in new[] { "notes", "audit-entries" })
        {
            var state = new ListState { Size = 250 };
            using (var scope = services.CreateScope())
                for (var page = 0; page < Deep; page++)
                    state = state with { Cursor = (await Open(scope, list).ListAsync(state, default)).Next };
            await MeasureAsync(
                list,
                $"after {Deep * 250:N0} rows",
                async rows => (await rows.ListAsync(state with { Size = 50 }, default)).Rows.Count
            );
        }
        foreach (
            var (list, text) in new[] { ("users", ""), ("users", "person000977"), ("users", "ada"), ("notes", "") }
        )
            await MeasureRequestAsync(
                list,
                text.Length == 0 ? "picker" : "picker, searched",
                async request =>
                    (await RowLookup.Create(request.Site.Find(list)!, request).PickAsync(text, 20, default)).Count
            );
        await MeasureAsync(
            "notes",
            "their count",
            async rows => (await rows.CountAsync(new ListState(), default)).Rows
        );

        Task MeasureAsync(string list, string name, Func<Rows, Task<int>> read) =>
            MeasureRequestAsync(list, name, request => read(request.Site.Find(list)!.Open(request)));

        async Task MeasureRequestAsync(string list, string name, Func<AdminRequest, Task<int>> read)
        {
            using var scope = services.CreateScope();
            asked.Clear();
            var shown = await read(Request(scope));
            var statements = asked.Queries;
            var total = 0L;
            foreach (var statement in statements)
                total += await RowsReadAsync(database, statement);
            Console.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"| {list} | {name} | {shown:N0} | {total:N0} | {(double)total / Math.Max(shown, 1):0.0} |"
                )
            );
        }

        Rows Open(IServiceScope scope, string list)
        {
            var request = Request(scope);
            return request.Site.Find(list)!.Open(request);
        }

        AdminRequest Request(IServiceScope scope) =>
            new(
                services.GetRequiredService<AdminSite>(),
                scope.ServiceProvider.GetRequiredService<DbContext>(),
                Root,
                TimeProvider.System
            );

        ListState State(string list, string query) =>
            ListState.Read(services.GetRequiredService<AdminSite>().Find(list)!, QueryHelpers.ParseQuery(query))
                is { Errors: [] } state
                ? state
                : throw new InvalidOperationException($"{list} cannot be asked for {query}.");
    }

    /// <summary>The first page of notes, by the site and by the least that it can be.</summary>
    static async Task ComparePageAsync(TestDatabase database)
    {
        await using var provider = await FakeProvider.StartAsync();
        using var site = await ProxyProcess.StartAsync(
            ProxyProcess.Service("Lightning.Admin"),
            [],
            new()
            {
                ["ASPNETCORE_ENVIRONMENT"] = "Benchmark",
                ["Logging__LogLevel__Microsoft.Hosting.Lifetime"] = "Information",
                ["ConnectionStrings__lightning"] = database.ConnectionStringOf("admin"),
                ["DataProtection__MasterKey"] = new string('z', 43) + "=",
                ["Sessions__RequestsPerMinute"] = "100000000",
                ["Oidc__Authority"] = provider.Issuer,
                ["Oidc__ClientId"] = FakeProvider.ClientId,
                ["Oidc__ClientSecret"] = FakeProvider.ClientSecret,
            }
        );
        using var browser = await SignInAsync(database, provider, site);
        using var client = new HttpClient(
            new SocketsHttpHandler
            {
                UseCookies = false,
                AllowAutoRedirect = false,
                MaxConnectionsPerServer = 64,
            }
        );
        client.DefaultRequestHeaders.Add(
            "Cookie",
            string.Join("; ", browser.Cookies.Select(cookie => $"{cookie.Name}={cookie.Value}"))
        );
        var html = await GetAsync(client, new Uri(site.Address, "/notes"));
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, JsonSerializer.Serialize(await FloorPageAsync(database, html)));
            using var floor = await ProxyProcess.StartAsync(
                typeof(AdminBenchmark).Assembly.Location,
                ["admin-floor", database.ConnectionStringOf("admin"), file],
                []
            );
            var least = await GetAsync(client, new Uri(floor.Address, "/page"));
            const string Baseline = "its queries and a static template";
            Console.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"A page of 50 notes, {html.Length:N0} letters, against {least.Length:N0} of a template that is "
                        + $"filled with the answers of the same queries; the goal is 1.5 times:"
                )
            );
            Rounds.Print(
                await Rounds.MeasureAsync(
                    [
                        (Baseline, _ => GetAsync(client, new Uri(floor.Address, "/page")), () => floor.Cpu),
                        ("the site's page", _ => GetAsync(client, new Uri(site.Address, "/notes")), () => site.Cpu),
                    ],
                    requests: 400
                ),
                Baseline
            );
            foreach (
                var (name, address) in new[]
                {
                    (Baseline, new Uri(floor.Address, "/page")),
                    ("the site's page", new Uri(site.Address, "/notes")),
                }
            )
            {
                var alone = await AloneAsync(client, address);
                Console.WriteLine(
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"one after the other, {name}: {alone.TotalMilliseconds:0.00} ms"
                    )
                );
            }
        }
        finally
        {
            File.Delete(file);
        }
    }

    static async Task<AdminFloor.Page> FloorPageAsync(TestDatabase database, string html)
    {
        var asked = new Statements();
        await using var services = SiteOf(database, asked);
        using var scope = services.CreateScope();
        var site = services.GetRequiredService<AdminSite>();
        var rows = site.Find("notes")!
            .Open(new(site, scope.ServiceProvider.GetRequiredService<DbContext>(), Root, TimeProvider.System));
        await rows.ListAsync(new ListState(), default);
        await rows.CountAsync(new ListState(), default);
        var (start, end) = (
            html.IndexOf("<tbody>", StringComparison.Ordinal) + "<tbody>".Length,
            html.IndexOf("</tbody>", StringComparison.Ordinal)
        );
        // The first query returns the rows: the key and the five columns of the list.
        return new([.. asked.Queries.Select(Written)], 0, [1, 2, 3, 4, 5], html[..start], html[end..]);
    }

    /// <summary>
    /// A statement with inlined parameters, which is unprepared like the site's own.
    /// </summary>
    static string Written(Statement statement) =>
        statement
            .Parameters.OrderByDescending(parameter => parameter.ParameterName.Length)
            .Aggregate(
                statement.Text,
                (text, parameter) =>
                    text.Replace(
                        "@" + parameter.ParameterName.TrimStart('@'),
                        parameter.Value is int number
                            ? number.ToString(CultureInfo.InvariantCulture)
                            : $"'{parameter.Value}'",
                        StringComparison.Ordinal
                    )
            );

    static async Task<TimeSpan> AloneAsync(HttpClient client, Uri address)
    {
        var took = new TimeSpan[300];
        for (var number = 0; number < took.Length; number++)
        {
            var clock = Stopwatch.GetTimestamp();
            await GetAsync(client, address);
            took[number] = Stopwatch.GetElapsedTime(clock);
        }
        Array.Sort(took);
        return took[took.Length / 2];
    }

    static async Task<string> GetAsync(HttpClient client, Uri address)
    {
        using var answer = await client.GetAsync(address);
        if ((int)answer.StatusCode != 200)
            throw new InvalidOperationException($"{address} answered {answer.StatusCode}.");
        return await answer.Content.ReadAsStringAsync();
    }

    static async Task<Browser> SignInAsync(TestDatabase database, FakeProvider provider, ProxyProcess site)
    {
        var id = Guid.CreateVersion7();
        await using var db = database.Connect();
        var user = new User
        {
            Id = id,
            Issuer = provider.Issuer,
            Subject = id.ToString(),
            Email = $"{id:N}@example.com",
            Name = "Root",
            IsAdmin = true,
            CreatedAt = DateTimeOffset.UtcNow,
        };
        db.Users.Add(user);
        var session = await db.AddSessionAsync(user);
        (provider.Subject, provider.Sid) = (user.Id, session.Id);
        var browser = new Browser(
            new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false },
            new Uri($"http://localhost:{site.Address.Port}")
        );
        using var page = await browser.FollowAsync("/login");
        return browser;
    }

    /// <summary>What the scans of a statement read, each time that they ran.</summary>
    static async Task<long> RowsReadAsync(TestDatabase database, Statement statement)
    {
        await using var connection = new NpgsqlConnection(database.ConnectionStringOf("admin"));
        await connection.OpenAsync();
        await using var explain = new NpgsqlCommand($"EXPLAIN (ANALYZE, FORMAT JSON) {statement.Text}", connection);
        foreach (var parameter in statement.Parameters)
            explain.Parameters.Add(parameter.Clone());
        using var plan = JsonDocument.Parse((string)(await explain.ExecuteScalarAsync())!);
        return Read(plan.RootElement[0].GetProperty("Plan"));

        static long Read(JsonElement node)
        {
            var own = 0.0;
            if (node.TryGetProperty("Relation Name", out _))
                foreach (var name in new[] { "Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck" })
                    own += node.TryGetProperty(name, out var rows) ? rows.GetDouble() : 0;
            var below = node.TryGetProperty("Plans", out var plans) ? plans.EnumerateArray().Sum(Read) : 0;
            return (long)(own * node.GetProperty("Actual Loops").GetDouble()) + below;
        }
    }

    static ServiceProvider SiteOf(TestDatabase database, Statements asked)
    {
        var services = new ServiceCollection();
        services.AddScoped<DbContext>(_ => new LightningDb(
            new DbContextOptionsBuilder<LightningDb>(database.Options())
                .UseNpgsql(database.ConnectionStringOf("admin"))
                .AddInterceptors(asked)
                .Options
        ));
        services.AddRegistrations(typeof(AdminAuditLog).Assembly);
        services.AddPolicies(typeof(LightningDb).Assembly);
        return services.AddSingleton<AdminSite>().AddSingleton<IAuditLog, AdminAuditLog>().BuildServiceProvider();
    }
}
