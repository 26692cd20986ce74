using System.Net;
using System.Text.Json;
using Lightning.Testing;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;

namespace Lightning.Api.Tests;

/// <summary>
/// An API that starts while the provider is unavailable cannot validate tokens: it responds 503, not 401.
/// </summary>
public class ProviderAwayTests(PostgresServer server)
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [Trait("Check", "B11")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Unavailable_provider_is_503_until_its_keys_are_loaded(bool hangs)
    {
        var provider = new Documents { IsAway = true, Hangs = hangs };
        await using var api = new ApiUnderTest(server)
        {
            // With more invalid tokens than this, the address would be rate limited.
            Settings = new Dictionary<string, string>(StringComparer.Ordinal) { ["Sessions:UnknownPerMinute"] = "10" },
            Configure = services =>
                services.PostConfigure<JwtBearerOptions>(
                    JwtBearerDefaults.AuthenticationScheme,
                    bearer =>
                        bearer.ConfigurationManager = new ConfigurationManager<OpenIdConnectConfiguration>(
                            Documents.Metadata,
                            new OpenIdConnectConfigurationRetriever(),
                            provider
                        )
                ),
        };
        await api.InitializeAsync();
        var ada = await api.SignInAsync("ada");

        var answers = await Task.WhenAll(
            Enumerable.Range(0, 12).Select(_ => ada.Client.GetAsync("/api/v1/notes", Cancellation))
        );

        foreach (var away in answers)
        {
            away.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
            away.Headers.RetryAfter.ShouldNotBeNull();
            away.Headers.WwwAuthenticate.ShouldBeEmpty();
            (await away.Content.ReadAsStringAsync(Cancellation)).ShouldContain("/problems/provider-unavailable");
        }
        (await api.Anonymous().GetAsync("/api/v1/notes", Cancellation)).StatusCode.ShouldBe(
            HttpStatusCode.Unauthorized
        );
        provider.Return();
        (await ada.Client.GetAsync("/api/v1/notes", Cancellation)).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    /// <summary>The responses of the provider.</summary>
    sealed class Documents : IDocumentRetriever
    {
        public const string Metadata = "https://id.example.com/.well-known/openid-configuration";
        readonly TaskCompletionSource back = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public bool IsAway { get; set; }

        public bool Hangs { get; init; }

        public void Return()
        {
            IsAway = false;
            back.TrySetResult();
        }

        public async Task<string> GetDocumentAsync(string address, CancellationToken cancel)
        {
            if (IsAway && Hangs)
                await back.Task.WaitAsync(cancel);
            if (IsAway)
                throw new IOException("Connection failed.", new HttpRequestException("Connection refused"));
            if (address == Metadata)
                return JsonSerializer.Serialize(
                    new { issuer = People.Issuer, jwks_uri = "https://id.example.com/jwks" }
                );
            var key = JsonWebKeyConverter.ConvertFromECDsaSecurityKey(ApiUnderTest.Key);
            return JsonSerializer.Serialize(
                new
                {
                    keys = new[]
                    {
                        new
                        {
                            kty = key.Kty,
                            crv = key.Crv,
                            x = key.X,
                            y = key.Y,
                            kid = ApiUnderTest.Key.KeyId,
                        },
                    },
                }
            );
        }
    }
}
