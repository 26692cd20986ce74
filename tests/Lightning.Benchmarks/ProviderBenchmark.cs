using System.Globalization;
using System.Net;
using System.Text.Json;
using Lightning.Testing;
using Npgsql;

namespace Lightning.Benchmarks;

/// <summary>
/// Lightning's provider beside OpenIddict on the same Postgres: processor time and statements of a refresh, and what
/// four uses at once of one refresh token or one code come to. The figures of docs/decisions on the provider.
/// </summary>
static class ProviderBenchmark
{
    const int Families = 64,
        Counted = 200,
        Races = 100,
        Parallel = 4;

    public static async Task RunAsync(PostgresServer server)
    {
        using var client = new HttpClient(
            new SocketsHttpHandler
            {
                UseCookies = false,
                AllowAutoRedirect = false,
                MaxConnectionsPerServer = 64,
            }
        );
        await using var database = await server.CreateDatabaseAsync();
        var people = await IdentityBenchmark.AddPeopleAsync(database);
        await using var counter = new StatementCounter(database.ConnectionStringOf("identity"));
        using var identity = await IdentityBenchmark.StartAsync(counter.ConnectionString);
        var providers = new List<Provider>
        {
            new(
                "Lightning",
                identity,
                counter,
                async () =>
                {
                    var browser = new Browser(
                        new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false },
                        identity.Address
                    );
                    using var signedIn = await IdentityBenchmark.SignInAsync(
                        browser,
                        people[0],
                        IdentityBenchmark.Password
                    );
                    return browser;
                }
            ),
        };
        var others = new List<IAsyncDisposable>();
        foreach (var mode in new[] { OpenIddictServer.Stock, OpenIddictServer.Tuned, OpenIddictServer.Strict })
        {
            var own = await CreateDatabaseAsync(database.ConnectionString, $"openiddict_{mode}");
            var statements = new StatementCounter(own);
            others.Add(statements);
            var process = await ProxyProcess.StartAsync(
                typeof(ProviderBenchmark).Assembly.Location,
                ["openiddict", statements.ConnectionString, mode],
                []
            );
            providers.Add(
                new(
                    $"OpenIddict, {mode}",
                    process,
                    statements,
                    () =>
                        Task.FromResult(
                            new Browser(
                                new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false },
                                process.Address
                            )
                        )
                )
            );
        }
        try
        {
            await RefreshesAsync(client, providers);
            Console.WriteLine();
            Console.WriteLine(
                $"| {Parallel} at once, in {Races} rounds each | refresh: more than one won | code: more than one won "
                    + "| code: the winner's tokens stay alive |"
            );
            Console.WriteLine("|---|---|---|---|");
            foreach (var provider in providers)
                Console.WriteLine(await RaceAsync(client, provider));
        }
        finally
        {
            foreach (var provider in providers.Skip(1))
                provider.Process.Dispose();
            foreach (var other in others)
                await other.DisposeAsync();
        }
    }

    static async Task RefreshesAsync(HttpClient client, List<Provider> providers)
    {
        var ways = new List<(string, Func<int, Task>, Func<TimeSpan>)>();
        var statements = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var provider in providers)
        {
            var browser = await provider.SignInAsync();
            var tokens = new string[Families];
            for (var number = 0; number < Families; number++)
                tokens[number] = (
                    await IdentityBenchmark.RoundTripAsync(client, provider.Process, browser)
                ).RefreshToken;
            async Task RefreshAsync(int number) =>
                tokens[number % Families] = await IdentityBenchmark.RefreshAsync(
                    client,
                    provider.TokenEndpoint,
                    tokens[number % Families]
                );
            for (var number = 0; number < Families; number++)
                await RefreshAsync(number);
            var before = provider.Statements.Count;
            for (var number = 0; number < Counted; number++)
                await RefreshAsync(number);
            statements[provider.Name] = (provider.Statements.Count - before) / (double)Counted;
            ways.Add((provider.Name, RefreshAsync, () => provider.Process.Cpu));
        }
        Console.WriteLine("A refresh, processor time of the provider:");
        Rounds.Print(await Rounds.MeasureAsync(ways, requests: 200), providers[0].Name);
        Console.WriteLine();
        Console.WriteLine("| provider | statements a refresh, BEGIN and COMMIT included |");
        Console.WriteLine("|---|---|");
        foreach (var (name, count) in statements)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {name} | {count:0.0} |"));
    }

    static async Task<string> RaceAsync(HttpClient client, Provider provider)
    {
        var (refreshes, codes, alive) = (0, 0, 0);
        for (var round = 0; round < Races; round++)
        {
            var browser = await provider.SignInAsync();
            var (_, token) = await IdentityBenchmark.RoundTripAsync(client, provider.Process, browser);
            var won = await AtOnceAsync(client, provider, IdentityBenchmark.RefreshParameters(token));
            if (won.Count > 1)
                refreshes++;

            browser = await provider.SignInAsync();
            var code = await IdentityBenchmark.AuthorizeAsync(browser);
            won = await AtOnceAsync(client, provider, IdentityBenchmark.CodeParameters(code));
            if (won.Count > 1)
                codes++;
            // A code that is used twice is stolen: what was issued for it must end (RFC 6749, 4.1.2).
            if (
                won.Count > 0
                && await TryAsync(client, provider, IdentityBenchmark.RefreshParameters(won[0])) is not null
            )
                alive++;
        }
        return $"| {provider.Name} | {refreshes} | {codes} | {alive} |";
    }

    /// <summary>The refresh tokens of those that won.</summary>
    static async Task<List<string>> AtOnceAsync(
        HttpClient client,
        Provider provider,
        (string Name, string Value)[] parameters
    )
    {
        var answers = await Task.WhenAll(
            Enumerable.Range(0, Parallel).Select(_ => TryAsync(client, provider, parameters))
        );
        return [.. answers.OfType<string>()];
    }

    static async Task<string?> TryAsync(HttpClient client, Provider provider, (string Name, string Value)[] parameters)
    {
        using var content = IdentityBenchmark.Form(parameters);
        using var response = await client.PostAsync(provider.TokenEndpoint, content);
        if (response.StatusCode != HttpStatusCode.OK)
            return null;
        using var answer = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync());
        return answer.RootElement.GetProperty("refresh_token").GetString();
    }

    static async Task<string> CreateDatabaseAsync(string connectionString, string name)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        await using var create = new NpgsqlCommand($"CREATE DATABASE {name}", connection);
        await create.ExecuteNonQueryAsync();
        return new NpgsqlConnectionStringBuilder(connectionString) { Database = name }.ConnectionString;
    }

    /// <param name="Name">As it is printed.</param>
    /// <param name="Process">The server.</param>
    /// <param name="Statements">What it asks of Postgres.</param>
    /// <param name="SignInAsync">A browser that is signed in.</param>
    sealed record Provider(
        string Name,
        ProxyProcess Process,
        StatementCounter Statements,
        Func<Task<Browser>> SignInAsync
    )
    {
        public Uri TokenEndpoint => new(Process.Address, "/connect/token");
    }
}
