using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Tokens;
using Npgsql;
using OpenIddict.Abstractions;
using OpenIddict.Core;
using OpenIddict.Server.AspNetCore;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace Lightning.Benchmarks;

/// <summary>
/// An OpenIddict server over EF Core and Npgsql with the client, flow, scopes and signing algorithm of Lightning's
/// provider. Every caller is signed in: only the protocol is measured.
/// </summary>
static class OpenIddictServer
{
    public const string Stock = "stock",
        Tuned = "tuned",
        Strict = "strict";

    const string Scheme = OpenIddictServerAspNetCoreDefaults.AuthenticationScheme;

    /// <summary>Runs until its standard input is closed.</summary>
    /// <param name="connectionString">A database without OpenIddict's tables; they are created.</param>
    /// <param name="mode">
    /// Stock is the documented set-up. Tuned adds a pool of contexts, prepared statements, a symmetric key for refresh
    /// tokens instead of RSA, and one SHA-256 for the client's secret instead of PBKDF2 (the secret is random, so there
    /// is nothing to guess). Strict also accepts no refresh token a second time.
    /// </param>
    public static async Task ServeAsync(string connectionString, string mode)
    {
        var builder = WebApplication.CreateBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var isTuned = mode is not Stock;
        var connection = new NpgsqlConnectionStringBuilder(connectionString)
        {
            MaxAutoPrepare = isTuned ? 100 : 0,
            NoResetOnClose = isTuned,
        }.ConnectionString;
        void Configure(DbContextOptionsBuilder options) => options.UseNpgsql(connection).UseOpenIddict();
        if (isTuned)
            builder.Services.AddDbContextPool<OpenIddictDb>(Configure);
        else
            builder.Services.AddDbContext<OpenIddictDb>(Configure);
        builder
            .Services.AddOpenIddict()
            .AddCore(core =>
            {
                core.UseEntityFrameworkCore().UseDbContext<OpenIddictDb>();
                if (isTuned)
                    core.ReplaceApplicationManager(typeof(QuickSecrets<>));
            })
            .AddServer(server =>
            {
                server.SetAuthorizationEndpointUris("connect/authorize").SetTokenEndpointUris("connect/token");
                server.AllowAuthorizationCodeFlow().AllowRefreshTokenFlow().RequireProofKeyForCodeExchange();
                server.RegisterScopes(Scopes.OpenId, Scopes.Profile, Scopes.Email, Scopes.OfflineAccess, "lightning");
                server.SetAccessTokenLifetime(TimeSpan.FromMinutes(5));
                server.AddSigningKey(new ECDsaSecurityKey(ECDsa.Create(ECCurve.NamedCurves.nistP256)));
                server.DisableAccessTokenEncryption();
                if (isTuned)
                    server.AddEncryptionKey(new SymmetricSecurityKey(RandomNumberGenerator.GetBytes(32)));
                else
                    server.AddEphemeralEncryptionKey();
                if (mode is Strict)
                    server.SetRefreshTokenReuseLeeway(TimeSpan.Zero);
                server
                    .UseAspNetCore()
                    .EnableAuthorizationEndpointPassthrough()
                    .EnableTokenEndpointPassthrough()
                    .DisableTransportSecurityRequirement();
            });
        builder.Services.AddAuthorization();
        var app = builder.Build();
        app.UseAuthentication();
        app.MapGet("/connect/authorize", Authorize);
        app.MapPost("/connect/token", (Delegate)ExchangeAsync);
        await CreateAsync(app.Services);
        await app.StartAsync();
        Console.WriteLine($"Now listening on: {app.Urls.Single()}");
        await Console.In.ReadToEndAsync();
    }

    static async Task CreateAsync(IServiceProvider services)
    {
        await using var scope = services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<OpenIddictDb>();
        await db.GetService<IRelationalDatabaseCreator>().CreateTablesAsync();
        var applications = scope.ServiceProvider.GetRequiredService<IOpenIddictApplicationManager>();
        await applications.CreateAsync(
            new OpenIddictApplicationDescriptor
            {
                ClientId = IdentityBenchmark.ClientId,
                ClientSecret = IdentityBenchmark.Secret,
                ClientType = ClientTypes.Confidential,
                ConsentType = ConsentTypes.Implicit,
                RedirectUris = { new Uri(IdentityBenchmark.RedirectUri) },
                Permissions =
                {
                    Permissions.Endpoints.Authorization,
                    Permissions.Endpoints.Token,
                    Permissions.GrantTypes.AuthorizationCode,
                    Permissions.GrantTypes.RefreshToken,
                    Permissions.ResponseTypes.Code,
                    Permissions.Scopes.Profile,
                    Permissions.Scopes.Email,
                    Permissions.Prefixes.Scope + "lightning",
                },
            }
        );
    }

    static IResult Authorize(HttpContext http)
    {
        var request = http.GetOpenIddictServerRequest()!;
        var identity = new ClaimsIdentity(TokenValidationParameters.DefaultAuthenticationType);
        identity.SetClaim(Claims.Subject, Guid.NewGuid().ToString());
        identity.SetClaim(Claims.Name, "Ada").SetClaim(Claims.Email, "ada@example.com");
        identity.SetScopes(request.GetScopes()).SetResources("lightning-api");
        identity.SetDestinations(_ => [Destinations.AccessToken, Destinations.IdentityToken]);
        return Results.SignIn(new ClaimsPrincipal(identity), null, Scheme);
    }

    static async Task<IResult> ExchangeAsync(HttpContext http)
    {
        var result = await http.AuthenticateAsync(Scheme);
        return Results.SignIn(result.Principal!, null, Scheme);
    }

    sealed class QuickSecrets<TApplication>(
        IOpenIddictApplicationCache<TApplication> cache,
        ILogger<OpenIddictApplicationManager<TApplication>> logger,
        IOptionsMonitor<OpenIddictCoreOptions> options,
        IOpenIddictApplicationStore<TApplication> store
    ) : OpenIddictApplicationManager<TApplication>(cache, logger, options, store)
        where TApplication : class
    {
        protected override ValueTask<string> ObfuscateClientSecretAsync(
            string secret,
            CancellationToken cancellationToken = default
        ) => new(Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(secret))));

        protected override ValueTask<bool> ValidateClientSecretAsync(
            string secret,
            string comparand,
            CancellationToken cancellationToken = default
        ) =>
            new(
                CryptographicOperations.FixedTimeEquals(
                    SHA256.HashData(Encoding.UTF8.GetBytes(secret)),
                    Convert.FromBase64String(comparand)
                )
            );
    }

    sealed class OpenIddictDb(DbContextOptions<OpenIddictDb> options) : DbContext(options);
}
