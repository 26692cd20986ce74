using Lightning.Identity.Clients;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Hosting;

namespace Lightning.Identity.Tests;

public class ProviderOptionsTests
{
    static readonly ClientOptions Good = new()
    {
        ClientId = "good",
        Secret = new string('s', 32),
        BaseUri = "https://app.example.com",
        RedirectUris = ["/signin-oidc"],
        Scopes = ["openid"],
        GrantTypes = ["authorization_code"],
    };

    [Fact]
    public void Options_Valid_AreAccepted() => Faults("Production", Good).ShouldBeEmpty();

    [Fact, Trait("Check", "A02")]
    public void PlainHttp_LoopbackOutsideProduction_IsAccepted()
    {
        foreach (var host in new[] { "localhost", "127.0.0.1", "[::1]" })
        {
            Faults("Development", Good with { BaseUri = $"http://{host}:5100" }).ShouldBeEmpty();
            Faults("Production", Good with { BaseUri = $"http://{host}:5100" }).ShouldNotBeEmpty();
        }
        Faults("Development", Good with { BaseUri = "http://app.example.com" }).ShouldNotBeEmpty();
        Faults("Development", Good with { RedirectUris = ["http://localhost.evil.example/"] }).ShouldNotBeEmpty();
    }

    [Fact, Trait("Check", "A25"), Trait("Check", "A27")]
    public void Failure_NamesKeyAndFixAndNoSecret()
    {
        (ClientOptions Client, string Named)[] faults =
        [
            (Good with { ClientId = "" }, "Identity:Clients:App:ClientId is not set"),
            (Good with { Secret = null }, "Identity:Clients:App:Secret is not set"),
            (Good with { Secret = "too short" }, "Identity:Clients:App:Secret is shorter"),
            (Good with { IsPublic = true }, "Identity:Clients:App:Secret is set"),
            (Good with { BaseUri = null }, "Identity:Clients:App:RedirectUris holds the relative"),
            (Good with { BaseUri = "nonsense" }, "Identity:Clients:App:BaseUri"),
            (Good with { RedirectUris = ["https://app.example.com/#fragment"] }, "Identity:Clients:App:RedirectUris"),
            (Good with { RedirectUris = ["https://*.example.com/"] }, "Identity:Clients:App:RedirectUris"),
            (Good with { RedirectUris = ["javascript:alert(1)"] }, "Identity:Clients:App:RedirectUris"),
            (
                Good with
                {
                    PostLogoutRedirectUris = ["http://app.example.com/"],
                },
                "Identity:Clients:App:PostLogoutRedirectUris"
            ),
            (Good with { Scopes = ["admin"] }, "Identity:Clients:App:Scopes holds 'admin'"),
            (
                Good with
                {
                    ClientId = "0198c7a2-5f3e-7b11-8d9c-0a1b2c3d4e5f",
                },
                "Identity:Clients:App:ClientId looks like a person's id"
            ),
            (
                Good with
                {
                    IsPublic = true,
                    Secret = null,
                    GrantTypes = ["client_credentials"],
                },
                "Identity:Clients:App:GrantTypes holds 'client_credentials', but"
            ),
            (
                Good with
                {
                    IsPublic = true,
                    Secret = null,
                    IsResourceServer = true,
                },
                "Identity:Clients:App:IsResourceServer is set"
            ),
            (
                Good with
                {
                    BackChannelLogoutUri = "http://app.example.com/backchannel",
                },
                "Identity:Clients:App:BackChannelLogoutUri"
            ),
            (
                Good with
                {
                    BackChannelLogoutUri = "com.example.app:/backchannel",
                },
                "Identity:Clients:App:BackChannelLogoutUri"
            ),
            (
                Good with
                {
                    BackChannelLogoutUri = "/backchannel",
                    BaseUri = null,
                    RedirectUris = [],
                },
                "Identity:Clients:App:BackChannelLogoutUri holds the relative"
            ),
            (Good with { GrantTypes = ["password"] }, "Identity:Clients:App:GrantTypes holds 'password'"),
        ];
        foreach (var (client, named) in faults)
        {
            var sentences = Faults("Production", client);
            sentences.ShouldContain(sentence => sentence.StartsWith(named, StringComparison.Ordinal), named);
            sentences.ShouldAllBe(sentence =>
                sentence.EndsWith('.') && sentence.Contains(": ", StringComparison.Ordinal)
            );
            if (client.Secret is not null)
                sentences.ShouldAllBe(sentence => !sentence.Contains(client.Secret, StringComparison.Ordinal));
            client.ToString().ShouldNotContain(Good.Secret!);
        }
    }

    [Theory]
    [InlineData("https://id.example.com/")]
    [InlineData("https://id.example.com/path")]
    [InlineData("id.example.com")]
    [InlineData("http://id.example.com")]
    public void Issuer_NotAnOrigin_IsRefused(string issuer) =>
        Validate("Production", new ProviderOptions { Issuer = issuer })
            .ShouldContain(sentence => sentence.StartsWith("Identity:Issuer", StringComparison.Ordinal));

    [Fact]
    public void SecondFactor_UnknownValue_IsRefused() =>
        Validate(
                "Production",
                new ProviderOptions
                {
                    Issuer = "https://id.example.com",
                    SecondFactor = new() { RequiredFor = "Admins" },
                }
            )
            .ShouldBe([
                "Identity:SecondFactor:RequiredFor is 'Admins', which is not a known value: write Nobody, "
                    + "Administrators, Everyone.",
            ]);

    [Theory]
    [InlineData("smtp://user:password@mail.example.com:587", "Production", false)]
    [InlineData("smtps://user:password@mail.example.com:587", "Production", true)]
    [InlineData("smtp://mail.example.com", "Production", true)]
    [InlineData("smtp://user:password@localhost:2525", "Production", true)]
    [InlineData("smtp://user:password@mail.example.com:587", "Development", true)]
    public void Smtp_UnencryptedPasswordToAnotherHost_IsRefusedInProduction(string uri, string environment, bool taken)
    {
        var result = new Mail.MailOptionsValidation(new Environment(environment)).Validate(
            null,
            new Mail.MailOptions { Uri = uri }
        );
        result.Succeeded.ShouldBe(taken);
        if (!taken)
            result.FailureMessage!.ShouldNotContain("password@");
    }

    static string[] Faults(string environment, ClientOptions client) =>
        Validate(
            environment,
            new ProviderOptions
            {
                Issuer = "https://id.example.com",
                Clients = new Dictionary<string, ClientOptions>(StringComparer.Ordinal) { ["App"] = client },
            }
        );

    static string[] Validate(string environment, ProviderOptions options) =>
        [.. new ProviderOptionsValidation(new Environment(environment)).Validate(null, options).Failures ?? []];

    internal sealed class Environment(string name) : IHostEnvironment
    {
        public string EnvironmentName { get; set; } = name;

        public string ApplicationName { get; set; } = "";

        public string ContentRootPath { get; set; } = "";

        public IFileProvider ContentRootFileProvider { get; set; } = new NullFileProvider();
    }
}
