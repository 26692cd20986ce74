using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using Lightning.Authorization;
using Lightning.Data;
using Lightning.ServiceDefaults;
using Lightning.Sessions.Bearer;
using Lightning.Testing;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;

namespace Lightning.Api.Tests;

/// <summary>An API with an endpoint for users and one for services.</summary>
public class ServiceGateTests(PostgresServer server) : IAsyncLifetime
{
    TestDatabase database = null!;
    WebApplication app = null!;

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        database = await server.CreateDatabaseAsync();
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = "Development" });
        builder.WebHost.UseTestServer();
        (string Key, string Value)[] settings =
        [
            ("ConnectionStrings:lightning", database.ConnectionStringOf("api")),
            ("DataProtection:MasterKey", Convert.ToBase64String(RandomNumberGenerator.GetBytes(32))),
            ("Oidc:Authority", People.Issuer),
            ("Oidc:ServiceClients:0", "lightning-jobs"),
        ];
        foreach (var (key, value) in settings)
            builder.Configuration[key] = value;
        builder.AddServiceDefaults();
        builder.AddLightningData("api");
        builder.AddSessionGate();
        builder.Services.AddRowSecurity();
        builder.Services.PostConfigure<JwtBearerOptions>(
            JwtBearerDefaults.AuthenticationScheme,
            bearer =>
                bearer.ConfigurationManager = new StaticConfigurationManager<OpenIdConnectConfiguration>(
                    new OpenIdConnectConfiguration { Issuer = People.Issuer, SigningKeys = { ApiUnderTest.Key } }
                )
        );
        app = builder.Build();
        app.UseServiceDefaults();
        app.UseSessionGate();
        app.MapGet("/people", (Actor actor) => actor.UserId).RequireAuthorization();
        app.MapGet("/services", () => "done").RequireAuthorization(ServiceGate.Policy);
        await app.StartAsync(Cancellation);
    }

    [Fact, Trait("Check", "R10"), Trait("Check", "R16")]
    public async Task Allowed_service_reaches_only_service_endpoints()
    {
        (await CallAsync("/services", Token("lightning-jobs"))).ShouldBe(HttpStatusCode.OK);
        (await CallAsync("/people", Token("lightning-jobs"))).ShouldBe(HttpStatusCode.Forbidden);
    }

    [Fact, Trait("Check", "R10")]
    public async Task Unknown_service_is_rejected_everywhere()
    {
        foreach (var path in new[] { "/people", "/services" })
        {
            (await CallAsync(path, Token("lightning-other"))).ShouldBe(HttpStatusCode.Unauthorized);
            (await CallAsync(path, Token("LIGHTNING-JOBS"))).ShouldBe(HttpStatusCode.Unauthorized);
            (await CallAsync(path, Token(null))).ShouldBe(HttpStatusCode.Unauthorized);
        }
    }

    [Fact, Trait("Check", "R10")]
    public async Task Service_without_the_scope_is_403() =>
        (await CallAsync("/services", Token("lightning-jobs", scope: "openid"))).ShouldBe(HttpStatusCode.Forbidden);

    [Fact, Trait("Check", "R10")]
    public async Task User_token_never_counts_as_a_service_token()
    {
        await using var db = database.Connect();
        var user = await db.AddUserAsync("ada");
        var session = await db.AddSessionAsync(user);
        var token = ApiUnderTest.Token(user, session, token => token.Claims["client_id"] = "lightning-jobs");
        (await CallAsync("/people", token)).ShouldBe(HttpStatusCode.OK);
        (await CallAsync("/services", token)).ShouldBe(HttpStatusCode.Forbidden);
        var without = ApiUnderTest.Token(
            user,
            session,
            token => (token.Claims["client_id"], _) = ("lightning-jobs", token.Claims.Remove("sid"))
        );
        (await CallAsync("/services", without)).ShouldBe(HttpStatusCode.Unauthorized);
    }

    static string Token(string? clientId, string scope = "lightning")
    {
        var claims = new Dictionary<string, object>(StringComparer.Ordinal)
        {
            ["scope"] = scope,
            ["sub"] = clientId ?? "nobody",
        };
        if (clientId is not null)
            claims["client_id"] = clientId;
        return new JsonWebTokenHandler().CreateToken(
            new SecurityTokenDescriptor
            {
                TokenType = "at+jwt",
                Issuer = People.Issuer,
                Audience = "lightning-api",
                Expires = DateTime.UtcNow.AddMinutes(5),
                Claims = claims,
                SigningCredentials = new SigningCredentials(ApiUnderTest.Key, SecurityAlgorithms.EcdsaSha256),
            }
        );
    }

    async Task<HttpStatusCode> CallAsync(string path, string token)
    {
        using var client = app.GetTestClient();
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var response = await client.GetAsync(path, Cancellation);
        return response.StatusCode;
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await app.DisposeAsync();
        await database.DisposeAsync();
    }
}
