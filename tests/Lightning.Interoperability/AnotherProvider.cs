extern alias admin;
extern alias api;
extern alias bff;

using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using Lightning.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Lightning.Interoperability;

/// <summary>
/// The certified provider <c>oidc-provider</c> in Lightning.Identity's place: BFF, API and admin site know it by <c>Oidc:*</c> alone, and Identity
/// does not run.
/// </summary>
public class AnotherProvider(PostgresServer server, NodePackages packages) : IAsyncLifetime
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    readonly List<IDisposable> services = [];
    Process? provider;

    /// <summary>Whether its access tokens bear a <c>sid</c>; most providers' do not.</summary>
    protected virtual bool SidInAccessTokens => false;

    public TestDatabase Database { get; private set; } = null!;

    public string Issuer { get; private set; } = "";

    public string Bff { get; private set; } = "";

    public string Admin { get; private set; } = "";

    public string Api { get; private set; } = "";

    /// <summary>What the provider says that it does.</summary>
    public ConcurrentQueue<string> Said { get; } = new();

    /// <summary>The access tokens that reached the API, the newest last.</summary>
    public ConcurrentQueue<string> AccessTokens { get; } = new();

    public async ValueTask InitializeAsync()
    {
        Database = await server.CreateDatabaseAsync();
        var (providerPort, bffPort, apiPort, adminPort) = (Ports.Free(), Ports.Free(), Ports.Free(), Ports.Free());
        (Issuer, Bff, Api, Admin) = ($"http://localhost:{providerPort}", $"http://localhost:{bffPort}", $"http://localhost:{apiPort}", $"http://localhost:{adminPort}");
        await StartProviderAsync(providerPort);

        services.Add(new Service<api::Program>("api", apiPort, Database, api => api.AddSingleton<IStartupFilter>(new Recorder(AccessTokens)),
            ("Oidc:Authority", Issuer), ("Oidc:Foreign", "true")));
        services.Add(new Service<bff::Program>("bff", bffPort, Database, null, [.. RelyingParty("bff"), ("services:api:http:0", Api)]));
        services.Add(new Service<admin::Program>("admin", adminPort, Database, null, RelyingParty("admin")));
    }

    (string Key, string Value)[] RelyingParty(string name) =>
    [
        ("Oidc:Authority", Issuer),
        ("Oidc:ClientSecret", $"the secret of {name}"),
        ("Oidc:Foreign", "true"),
        ("Oidc:RequirePushedAuthorization", "true"),
        ("Oidc:AuthorizationParameters:resource", "https://api.lightning.example"),
    ];

    async Task StartProviderAsync(int port)
    {
        provider = packages.Run("provider.mjs", JsonSerializer.Serialize(new
        {
            port,
            // Shorter than the margin before its end in which a token is replaced: so that every call refreshes.
            accessTokenSeconds = 50,
            sidInAccessTokens = SidInAccessTokens,
            clients = new[]
            {
                new { id = "lightning-bff", secret = "the secret of bff", @base = Bff, prefix = "/bff" },
                new { id = "lightning-admin", secret = "the secret of admin", @base = Admin, prefix = "" },
            },
        }));
        provider.OutputDataReceived += (_, line) => Said.Enqueue(line.Data ?? "");
        provider.ErrorDataReceived += (_, line) => Said.Enqueue(line.Data ?? "");
        provider.BeginOutputReadLine();
        provider.BeginErrorReadLine();
        await SaidAsync("listening");
    }

    /// <summary>Waits until the provider has said something so and so many times.</summary>
    public async Task SaidAsync(string line, int times = 1)
    {
        var began = Stopwatch.GetTimestamp();
        while (Said.Count(said => said == line) < times)
        {
            (Stopwatch.GetElapsedTime(began) < Patience).ShouldBeTrue($"The provider never said '{line}', but: {string.Join('\n', Said)}");
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>Signs in at the provider's own page, and says yes to what it asks then.</summary>
    public static async Task<Page> SignInAsync(Person person, string address, string name)
    {
        var page = await person.OpenAsync(address);
        page = await person.SubmitAsync(page, ("login", name), ("password", "any"));
        return await person.SubmitAsync(page);
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        foreach (var service in services) service.Dispose();
        if (provider is not null)
        {
            provider.Kill();
            await provider.WaitForExitAsync();
            provider.Dispose();
        }
        await Database.DisposeAsync();
    }

    sealed class Recorder(ConcurrentQueue<string> tokens) : IStartupFilter
    {
        public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
        {
            app.Use((context, next) =>
            {
                if (context.Request.Headers.Authorization.ToString() is ['B', 'e', 'a', 'r', 'e', 'r', ' ', .. var token]) tokens.Enqueue(token);
                return next(context);
            });
            next(app);
        };
    }
}

/// <summary>The same with a <c>sid</c> in the access tokens.</summary>
public sealed class AnotherProviderWithSid(PostgresServer server, NodePackages packages) : AnotherProvider(server, packages)
{
    protected override bool SidInAccessTokens => true;
}
