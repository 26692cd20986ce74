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
/// The certified provider <c>oidc-provider</c> instead of Lightning.Identity. BFF, API and admin site are configured
/// with <c>Oidc:*</c> only, and Identity does not run.
/// </summary>
public class AnotherProvider(PostgresServer server, NodePackages packages) : IAsyncLifetime
{
    static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);
    readonly List<IDisposable> services = [];
    Process? provider;

    /// <summary>Whether access tokens have a <c>sid</c>, which most providers do not issue.</summary>
    protected virtual bool SidInAccessTokens => false;

    public TestDatabase Database { get; private set; } = null!;

    public string Issuer { get; private set; } = "";

    public string Bff { get; private set; } = "";

    public string Admin { get; private set; } = "";

    public string Api { get; private set; } = "";

    /// <summary>The lines that the provider wrote.</summary>
    public ConcurrentQueue<string> Output { get; } = new();

    /// <summary>The access tokens that the API received, oldest first.</summary>
    public ConcurrentQueue<string> AccessTokens { get; } = new();

    public async ValueTask InitializeAsync()
    {
        Database = await server.CreateDatabaseAsync();
        var (providerPort, bffPort, apiPort, adminPort) = (Ports.Free(), Ports.Free(), Ports.Free(), Ports.Free());
        (Issuer, Bff, Api, Admin) = (
            $"http://localhost:{providerPort}",
            $"http://localhost:{bffPort}",
            $"http://localhost:{apiPort}",
            $"http://localhost:{adminPort}"
        );
        await StartProviderAsync(providerPort);

        services.Add(
            new Service<api::Program>(
                "api",
                apiPort,
                Database,
                api => api.AddSingleton<IStartupFilter>(new Recorder(AccessTokens)),
                ("Oidc:Authority", Issuer),
                ("Oidc:Foreign", "true")
            )
        );
        services.Add(
            new Service<bff::Program>(
                "bff",
                bffPort,
                Database,
                null,
                [.. RelyingParty("bff"), ("services:api:http:0", Api)]
            )
        );
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
        provider = packages.Run(
            "provider.mjs",
            JsonSerializer.Serialize(
                new
                {
                    port,
                    // Shorter than the refresh margin, so that every call refreshes.
                    accessTokenSeconds = 50,
                    sidInAccessTokens = SidInAccessTokens,
                    clients = new[]
                    {
                        new
                        {
                            id = "lightning-bff",
                            secret = "the secret of bff",
                            @base = Bff,
                            prefix = "/bff",
                        },
                        new
                        {
                            id = "lightning-admin",
                            secret = "the secret of admin",
                            @base = Admin,
                            prefix = "",
                        },
                    },
                }
            )
        );
        provider.OutputDataReceived += (_, line) => Output.Enqueue(line.Data ?? "");
        provider.ErrorDataReceived += (_, line) => Output.Enqueue(line.Data ?? "");
        provider.BeginOutputReadLine();
        provider.BeginErrorReadLine();
        await WaitForOutputAsync("listening");
    }

    /// <summary>Waits until the provider has written a line a number of times.</summary>
    public Task WaitForOutputAsync(string line, int times = 1) =>
        Wait.UntilAsync(
            () => Output.Count(written => written == line) >= times,
            Timeout,
            () => $"The provider did not write '{line}', but: {string.Join('\n', Output)}"
        );

    /// <summary>Signs in on the provider's page and gives consent.</summary>
    public static async Task<Page> SignInAsync(Person person, string address, string name)
    {
        var page = await person.OpenAsync(address);
        page = await person.SubmitAsync(page, ("login", name), ("password", "any"));
        return await person.SubmitAsync(page);
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        foreach (var service in services)
            service.Dispose();
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
        public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) =>
            app =>
            {
                app.Use(
                    (context, next) =>
                    {
                        if (
                            context.Request.Headers.Authorization.ToString()
                            is ['B', 'e', 'a', 'r', 'e', 'r', ' ', .. var token]
                        )
                            tokens.Enqueue(token);
                        return next(context);
                    }
                );
                next(app);
            };
    }
}

/// <summary>A provider with a <c>sid</c> in its access tokens.</summary>
public sealed class AnotherProviderWithSid(PostgresServer server, NodePackages packages)
    : AnotherProvider(server, packages)
{
    protected override bool SidInAccessTokens => true;
}
