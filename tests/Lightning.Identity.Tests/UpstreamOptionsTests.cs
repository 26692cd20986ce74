using System.Net;
using Lightning.Identity.Upstream;
using Lightning.Testing;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Hosting;

namespace Lightning.Identity.Tests;

public class UpstreamOptionsTests
{
    static readonly UpstreamOptions Good = new()
    {
        Authority = "https://accounts.example.com",
        ClientId = "lightning",
        ClientSecret = "a secret of the provider's",
        Title = "Example",
    };

    [Fact]
    public void Options_Valid_AreAccepted()
    {
        Faults("Production", "Google-2", Good).ShouldBeEmpty();
        Faults(
                "Production",
                "Tenant",
                Good with
                {
                    Authority = "https://login.example.com/tenant/v2.0",
                    ClientSecret = null,
                }
            )
            .ShouldBeEmpty();
        Faults("Development", "Local", Good with { Authority = "http://127.0.0.1:9000" }).ShouldBeEmpty();
    }

    [Fact]
    public void Failure_NamesKeyAndFixAndNoSecret()
    {
        (string Name, UpstreamOptions Options, string Named)[] faults =
        [
            ("a b", Good, "Identity:Upstream:a b has a name"),
            ("../up", Good, "Identity:Upstream:../up has a name"),
            ("X", Good with { Authority = "" }, "Identity:Upstream:X:Authority is not set"),
            (
                "X",
                Good with
                {
                    Authority = "accounts.example.com",
                },
                "Identity:Upstream:X:Authority is not a valid issuer"
            ),
            (
                "X",
                Good with
                {
                    Authority = "https://accounts.example.com/?x=1",
                },
                "Identity:Upstream:X:Authority is not a valid issuer"
            ),
            (
                "X",
                Good with
                {
                    Authority = "http://accounts.example.com",
                },
                "Identity:Upstream:X:Authority is not https"
            ),
            ("X", Good with { Authority = "http://127.0.0.1:9000" }, "Identity:Upstream:X:Authority is not https"),
            (
                "X",
                Good with
                {
                    Authority = "https://id.example.com",
                },
                "Identity:Upstream:X:Authority is this service itself"
            ),
            (
                "X",
                Good with
                {
                    Authority = $"https://{new string('a', 130)}.example.com",
                },
                "Identity:Upstream:X:Authority is longer"
            ),
            ("X", Good with { ClientId = "" }, "Identity:Upstream:X:ClientId is not set"),
            ("X", Good with { ClientSecret = "" }, "Identity:Upstream:X:ClientSecret is empty"),
            ("X", Good with { Title = " " }, "Identity:Upstream:X:Title is not set"),
            ("X", Good with { Scope = "profile" }, "Identity:Upstream:X:Scope lacks"),
            ("X", Good with { AcceptedAudiences = [""] }, "Identity:Upstream:X:AcceptedAudiences holds"),
        ];
        foreach (var (name, options, named) in faults)
        {
            var sentences = Faults("Production", name, options);
            sentences.ShouldContain(sentence => sentence.StartsWith(named, StringComparison.Ordinal), named);
            sentences.ShouldAllBe(sentence =>
                sentence.EndsWith('.')
                && sentence.Contains(": ", StringComparison.Ordinal)
                && !sentence.Contains(Good.ClientSecret!, StringComparison.Ordinal)
            );
            options.ToString().ShouldNotContain(Good.ClientSecret!);
        }
    }

    [Fact, Trait("Check", "C06")]
    public void Issuer_ConfiguredTwice_IsRefused() =>
        Validate("Production", new() { ["A"] = Good, ["B"] = Good })
            .ShouldContain(sentence =>
                sentence.StartsWith("Identity:Upstream holds the authority", StringComparison.Ordinal)
            );

    static string[] Faults(string environment, string name, UpstreamOptions options) =>
        Validate(environment, new() { [name] = options });

    static string[] Validate(string environment, Dictionary<string, UpstreamOptions> upstream) =>
        [
            .. new UpstreamOptionsValidation(new Environment(environment))
                .Validate(null, new ProviderOptions { Issuer = "https://id.example.com", Upstream = upstream })
                .Failures
                ?? [],
        ];

    sealed class Environment(string name) : IHostEnvironment
    {
        public string EnvironmentName { get; set; } = name;

        public string ApplicationName { get; set; } = "";

        public string ContentRootPath { get; set; } = "";

        public IFileProvider ContentRootFileProvider { get; set; } = new NullFileProvider();
    }
}

/// <summary>Identity with unusable upstream providers: one is unavailable, one has the wrong issuer.</summary>
public sealed class IdentityWithoutUpstream(PostgresServer server) : IdentityUnderTest(server), IAsyncLifetime
{
    FakeProvider liar = null!;

    public FakeProvider Liar => liar;

    protected override IEnumerable<(string Key, string Value)> Settings =>
        new[] { ("Away", "http://127.0.0.1:1"), ("Liar", liar.Issuer) }.SelectMany(provider =>
            new[]
            {
                ($"Identity:Upstream:{provider.Item1}:Authority", provider.Item2),
                ($"Identity:Upstream:{provider.Item1}:ClientId", FakeProvider.ClientId),
                ($"Identity:Upstream:{provider.Item1}:ClientSecret", FakeProvider.ClientSecret),
                ($"Identity:Upstream:{provider.Item1}:Title", provider.Item1),
                ($"Identity:Upstream:{provider.Item1}:AcceptedAudiences:0", FakeProvider.ClientId),
            }
        );

    async ValueTask IAsyncLifetime.InitializeAsync()
    {
        liar = await FakeProvider.StartAsync();
        liar.MetadataIssuer = liar.Issuer + "/";
        await InitializeAsync();
    }

    async ValueTask IAsyncDisposable.DisposeAsync()
    {
        await DisposeAsync();
        await liar.DisposeAsync();
    }
}

public class UpstreamUnavailableTests(IdentityWithoutUpstream identity) : IClassFixture<IdentityWithoutUpstream>
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory, Trait("Check", "C07")]
    [InlineData("away", "Away")]
    [InlineData("liar", "Liar")]
    public async Task Provider_UnavailableOrWrongIssuer_ShowsErrorAndKeepsLocalSignIn(string name, string title)
    {
        var visitor = identity.Visitor();
        using var response = await visitor.SubmitToAsync(
            "/account/sign-in",
            "/account/upstream?handler=begin",
            ("Provider", name)
        );
        response.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        (await response.Content.ReadAsStringAsync(Cancellation)).ShouldContain($"{title} is not available");
        response.Headers.Location.ShouldBeNull();
        var user = await identity.AddAccountAsync($"local-{name}");
        (await visitor.SignInAsync(user.Email)).StatusCode.ShouldBe(HttpStatusCode.SeeOther);
    }

    [Fact, Trait("Check", "C07")]
    public async Task Exchange_ProviderUnavailable_CanBeRetried()
    {
        var app = identity.Native(identity.Visitor());
        var answer = await app.PostAsync(
            "/connect/token",
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("subject_token", identity.Liar.NewIdToken("a nonce")),
            ("subject_token_type", "urn:ietf:params:oauth:token-type:id_token"),
            ("scope", "openid")
        );
        answer.Error.ShouldBe("temporarily_unavailable");
        answer["access_token"].ShouldBeNull();
    }
}
