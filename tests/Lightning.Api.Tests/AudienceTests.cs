using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using Lightning.Testing;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;

namespace Lightning.Api.Tests;

/// <summary>Two APIs of one issuer with different audiences.</summary>
public sealed class AudienceTests(PostgresServer server)
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("lightning-api", HttpStatusCode.OK, HttpStatusCode.Unauthorized)]
    [InlineData("photos-api", HttpStatusCode.Unauthorized, HttpStatusCode.OK)]
    [Trait("Check", "T08")]
    [Trait("Check", "R03")]
    public async Task Token_with_the_audience_of_another_API_is_rejected(
        string audience,
        HttpStatusCode atNotes,
        HttpStatusCode atPhotos
    )
    {
        await using var database = await server.CreateDatabaseAsync();
        await using var db = database.Connect();
        var user = await db.AddUserAsync("ada");
        var token = ApiUnderTest.Token(
            user,
            await db.AddSessionAsync(user),
            descriptor => descriptor.Audience = audience
        );
        foreach (var (api, expected) in new[] { ("lightning-api", atNotes), ("photos-api", atPhotos) })
        {
            await using var factory = new WebApplicationFactory<Program>().WithWebHostBuilder(host =>
            {
                host.UseSetting("ConnectionStrings:lightning", database.ConnectionStringOf("api"));
                host.UseSetting("DataProtection:MasterKey", Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)));
                host.UseSetting("Oidc:Authority", People.Issuer);
                host.UseSetting("Oidc:Audience", api);
                host.ConfigureTestServices(services =>
                    services.PostConfigure<JwtBearerOptions>(
                        JwtBearerDefaults.AuthenticationScheme,
                        bearer =>
                            bearer.ConfigurationManager = new StaticConfigurationManager<OpenIdConnectConfiguration>(
                                new OpenIdConnectConfiguration
                                {
                                    Issuer = People.Issuer,
                                    SigningKeys = { ApiUnderTest.Key },
                                }
                            )
                    )
                );
            });
            using var client = factory.CreateClient();
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
            using var response = await client.GetAsync("/api/v1/notes", Cancellation);
            response.StatusCode.ShouldBe(expected, api);
        }
    }
}
