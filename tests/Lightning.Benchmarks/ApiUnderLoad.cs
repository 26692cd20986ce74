using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using Lightning.Api;
using Lightning.Api.Access;
using Lightning.Api.Notes;
using Lightning.Data;
using Lightning.ServiceDefaults;
using Lightning.Sessions.Bearer;
using Lightning.Testing;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;

namespace Lightning.Benchmarks;

/// <summary>
/// The API on a socket, with additional endpoints for a benchmark and users with access tokens.
/// </summary>
sealed class ApiUnderLoad : IAsyncDisposable
{
    static readonly ECDsaSecurityKey Key = new(ECDsa.Create(ECCurve.NamedCurves.nistP256)) { KeyId = "benchmark" };

    /// <summary>Two over one database share what it has encrypted.</summary>
    static readonly string MasterKey = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));
    readonly WebApplication app;
    readonly HttpClient client;

    ApiUnderLoad(WebApplication app)
    {
        this.app = app;
        client = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 64 })
        {
            BaseAddress = new Uri(app.Urls.Single()),
        };
    }

    public static async Task<ApiUnderLoad> StartAsync(
        TestDatabase database,
        Action<IEndpointRouteBuilder>? besides = null,
        bool asOwner = false
    )
    {
        var builder = WebApplication.CreateBuilder(
            new WebApplicationOptions { EnvironmentName = Environments.Production }
        );
        builder.Configuration.AddInMemoryCollection([
            new("urls", "http://127.0.0.1:0"),
            new(
                "ConnectionStrings:lightning",
                asOwner ? database.ConnectionString : database.ConnectionStringOf("api")
            ),
            new("DataProtection:MasterKey", MasterKey),
            new("Logging:LogLevel:Default", "Warning"),
            new("Sessions:RequestsPerMinute", "100000000"),
            new("Oidc:Authority", "https://id.example.com"),
        ]);
        builder.AddServiceDefaults();
        builder.AddLightningData("api");
        builder.AddSessionGate();
        builder.Services.AddRowSecurity();
        builder.Services.AddApiData();
        builder.Services.AddStrictJson();
        builder.Services.PostConfigure<JwtBearerOptions>(
            JwtBearerDefaults.AuthenticationScheme,
            bearer =>
                bearer.ConfigurationManager = new StaticConfigurationManager<OpenIdConnectConfiguration>(
                    new() { Issuer = Issuer, SigningKeys = { Key } }
                )
        );
        var app = builder.Build();
        app.UseServiceDefaults();
        app.UseSessionGate();
        app.UseStrictQueries();
        app.MapNotes();
        besides?.Invoke(app);
        await app.StartAsync();
        return new ApiUnderLoad(app);
    }

    /// <summary>Whose people they are.</summary>
    public const string Issuer = "https://id.example.com";

    /// <summary>A token of a session, as the provider makes it.</summary>
    public static string Token(string subject, Guid session) =>
        new JsonWebTokenHandler().CreateToken(
            new SecurityTokenDescriptor
            {
                TokenType = "at+jwt",
                Issuer = Issuer,
                Audience = "lightning-api",
                Expires = DateTime.UtcNow.AddHours(1),
                Claims = new Dictionary<string, object>(StringComparer.Ordinal)
                {
                    ["sub"] = subject,
                    ["sid"] = session.ToString(),
                    ["scope"] = "openid lightning",
                },
                SigningCredentials = new SigningCredentials(Key, SecurityAlgorithms.EcdsaSha256),
            }
        );

    /// <summary>Asks, and reads all of the answer.</summary>
    public async Task<byte[]> GetAsync(string path, string? token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (token is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var response = await client.SendAsync(request);
        if (response.StatusCode != HttpStatusCode.OK)
            throw new InvalidOperationException($"{path} answered {response.StatusCode}.");
        return await response.Content.ReadAsByteArrayAsync();
    }

    public async ValueTask DisposeAsync()
    {
        client.Dispose();
        await app.DisposeAsync();
    }
}
