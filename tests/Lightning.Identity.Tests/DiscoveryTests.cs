using System.Net;
using System.Text.Json;
using Lightning.Identity.Tokens;
using Lightning.Testing;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Lightning.Identity.Tests;

public class DiscoveryTests(IdentityUnderTest identity) : IClassFixture<IdentityUnderTest>
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact, Trait("Check", "A05"), Trait("Check", "A09")]
    public async Task Metadata_ListsExactlyTheSupportedFeatures()
    {
        var metadata = await ReadAsync("/.well-known/openid-configuration");
        (await ReadAsync("/.well-known/oauth-authorization-server")).ToString().ShouldBe(metadata.ToString());
        metadata.GetProperty("issuer").GetString().ShouldBe(People.Issuer);
        List(metadata, "code_challenge_methods_supported").ShouldBe(["S256"]);
        List(metadata, "response_types_supported").ShouldBe(["code"]);
        List(metadata, "response_modes_supported").ShouldBe(["query"]);
        List(metadata, "grant_types_supported")
            .ShouldBe([
                "authorization_code",
                "refresh_token",
                "client_credentials",
                "urn:ietf:params:oauth:grant-type:token-exchange",
            ]);
        metadata.GetProperty("authorization_response_iss_parameter_supported").GetBoolean().ShouldBeTrue();
        foreach (
            var endpoint in metadata
                .EnumerateObject()
                .Where(member =>
                    member.Name.EndsWith("_endpoint", StringComparison.Ordinal) || member.Name == "jwks_uri"
                )
        )
        {
            var path = new Uri(endpoint.Value.GetString()!).AbsolutePath;
            using var get = await identity.BackChannel().GetAsync(path, Cancellation);
            using var post = await identity.BackChannel().PostAsync(path, null, Cancellation);
            new[] { get.StatusCode, post.StatusCode }.ShouldContain(
                status => status != HttpStatusCode.NotFound && status != HttpStatusCode.MethodNotAllowed,
                endpoint.Name
            );
        }
    }

    [Fact]
    public async Task Keys_ContainOnlyPublicKeysAndVerifyTokens()
    {
        var (_, visitor) = await identity.SignedInAsync("ada");
        var token = new Claims((await identity.Bff(visitor).TokensAsync())["access_token"]!);
        var key = (await ReadAsync("/.well-known/jwks.json")).GetProperty("keys").EnumerateArray().Single();
        key.EnumerateObject().Select(member => member.Name).ShouldBe(["kty", "use", "alg", "kid", "crv", "x", "y"]);
        token.Header.GetProperty("kid").GetString().ShouldBe(key.GetProperty("kid").GetString());
    }

    [Fact]
    public async Task SigningKey_RequestedByManyReplicas_IsCreatedOnce()
    {
        await identity.Database.ExecuteAsync("DELETE FROM identity.signing_keys");
        var services = identity.Services;
        var replicas = Enumerable
            .Range(0, 8)
            .Select(_ => ActivatorUtilities.CreateInstance<SigningKeys>(services))
            .ToArray();
        var signers = await Task.WhenAll(replicas.Select(replica => replica.SignerAsync(Cancellation).AsTask()));
        signers.Select(signer => signer.Kid).Distinct().Count().ShouldBe(1);
        await using var db = identity.Database.Connect();
        var row = await db.SigningKeys.SingleAsync(Cancellation);
        row.PrivateKey.ShouldNotBe(
            ((Microsoft.IdentityModel.Tokens.ECDsaSecurityKey)signers[0].Key).ECDsa.ExportPkcs8PrivateKey()
        );
        foreach (var replica in replicas)
            replica.Dispose();
    }

    [Fact]
    public async Task SigningKey_DataProtectionKeyMissing_IsReplaced()
    {
        var services = identity.Services;
        using var before = ActivatorUtilities.CreateInstance<SigningKeys>(services);
        using var after = ActivatorUtilities.CreateInstance<SigningKeys>(
            services,
            (IDataProtectionProvider)new EphemeralDataProtectionProvider()
        );
        (await after.SignerAsync(Cancellation)).Kid.ShouldNotBe((await before.SignerAsync(Cancellation)).Kid);
    }

    async Task<JsonElement> ReadAsync(string path) =>
        JsonSerializer.Deserialize<JsonElement>(await identity.BackChannel().GetStringAsync(path, Cancellation));

    static IEnumerable<string?> List(JsonElement metadata, string name) =>
        metadata.GetProperty(name).EnumerateArray().Select(value => value.GetString());
}
