using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using Lightning.Api;
using Lightning.Api.Access;
using Lightning.Api.Notes;
using Lightning.Data;
using Lightning.Data.Notes;
using Lightning.ServiceDefaults;
using Lightning.Sessions.Gate;
using Lightning.Testing;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Builder;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;

namespace Lightning.Benchmarks;

/// <summary>
/// What the way into the API costs: a note by its id through signature, session and user check and the policy, tokens of 1,000 sessions, against
/// the same row by EF with no check at all. Real Postgres, real sockets on loopback, client and server in this process.
/// </summary>
static class GateBenchmark
{
    const int Sessions = 1_000;
    static readonly ECDsaSecurityKey Key = new(ECDsa.Create(ECCurve.NamedCurves.nistP256)) { KeyId = "benchmark" };

    public static async Task RunAsync(PostgresServer server)
    {
        await using var database = await server.CreateDatabaseAsync();
        var people = await FillAsync(database);
        await using var app = await StartAsync(database);
        using var client = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 64 }) { BaseAddress = new Uri(app.Urls.Single()) };

        var figures = await Rounds.MeasureAsync([
            ("no check", number => GetAsync(client, $"/unchecked/{people[number % Sessions].Note}", null), Rounds.OwnCpu),
            ("through the gate", number => GetAsync(client, $"/api/v1/notes/{people[number % Sessions].Note}", people[number % Sessions].Token), Rounds.OwnCpu),
        ]);
        Console.WriteLine($"A note by its id, {Sessions} sessions:");
        Rounds.Print(figures, "no check");
    }

    static async Task GetAsync(HttpClient client, string path, string? token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (token is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var response = await client.SendAsync(request);
        if (response.StatusCode != HttpStatusCode.OK) throw new InvalidOperationException($"{path} answered {response.StatusCode}.");
        await response.Content.ReadAsByteArrayAsync();
    }

    static async Task<WebApplication> StartAsync(TestDatabase database)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = Environments.Development });
        builder.Configuration.AddInMemoryCollection([
            new("urls", "http://127.0.0.1:0"),
            new("ConnectionStrings:lightning", database.ConnectionStringOf("api")),
            new("DataProtection:MasterKey", Convert.ToBase64String(RandomNumberGenerator.GetBytes(32))),
            new("Oidc:Authority", People.Issuer)]);
        builder.AddServiceDefaults();
        builder.AddLightningData("api");
        builder.AddSessionGate();
        builder.Services.AddGuardedData();
        builder.Services.AddStrictJson();
        builder.Services.PostConfigure<JwtBearerOptions>(JwtBearerDefaults.AuthenticationScheme, bearer =>
            bearer.ConfigurationManager = new StaticConfigurationManager<OpenIdConnectConfiguration>(new() { Issuer = People.Issuer, SigningKeys = { Key } }));
        var app = builder.Build();
        app.UseServiceDefaults();
        app.UseAuthentication();
        app.UseAuthorization();
        app.MapNotes();
        // As the owner of the tables, whom row-level security does not hold: over a pool of contexts, as the service's own are.
        var contexts = new PooledDbContextFactory<LightningDb>(database.Options());
        app.MapGet("/unchecked/{id:guid}", async (Guid id) =>
        {
            await using var db = await contexts.CreateDbContextAsync();
            return await db.Notes.AsNoTracking()
                .Where(note => note.Id == id).Select(note => new { note.Id, note.Title, note.Body, note.CreatedAt, note.UpdatedAt }).SingleAsync();
        }).AllowAnonymous();
        await app.StartAsync();
        return app;
    }

    static async Task<(Guid Note, string Token)[]> FillAsync(TestDatabase database)
    {
        await using var db = database.Connect();
        var people = new (Guid, string)[Sessions];
        for (var number = 0; number < Sessions; number++)
        {
            var user = await db.AddUserAsync($"user{number}");
            var session = await db.AddSessionAsync(user);
            var note = new Note { OwnerId = user.Id, Title = "A note", Body = new string('x', 500), CreatedAt = user.CreatedAt, UpdatedAt = user.CreatedAt };
            db.Notes.Add(note);
            people[number] = (note.Id, new JsonWebTokenHandler().CreateToken(new SecurityTokenDescriptor
            {
                TokenType = "at+jwt",
                Issuer = People.Issuer,
                Audience = "lightning-api",
                Expires = DateTime.UtcNow.AddHours(1),
                Claims = new Dictionary<string, object>(StringComparer.Ordinal) { ["sub"] = user.Subject, ["sid"] = session.Id.ToString(), ["scope"] = "lightning" },
                SigningCredentials = new SigningCredentials(Key, SecurityAlgorithms.EcdsaSha256),
            }));
        }
        await db.SaveChangesAsync();
        return people;
    }
}
