using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Lightning.Testing;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Lightning.Identity.Tests;

/// <summary>
/// Every member of the metadata has a check that uses the feature; a missing or extra check fails.
/// </summary>
public class MetadataTests(IdentityWithServices provider) : IClassFixture<IdentityWithServices>
{
    readonly IdentityWithServices identity = provider;

    static readonly Dictionary<string, Func<MetadataTests, JsonElement, Task>> Proofs = new(StringComparer.Ordinal)
    {
        ["issuer"] = async (test, issuer) =>
            new Claims((await test.TokensAsync("issuer"))["id_token"]!)["iss"].ShouldBe(issuer.GetString()),
        ["authorization_endpoint"] = async (test, uri) =>
        {
            using var page = await test
                .identity.Visitor()
                .GetAsync(Path(uri) + test.Bff().AuthorizeUrl()["/connect/authorize".Length..]);
            page.Headers.Location!.ToString().ShouldStartWith("/account/sign-in");
        },
        ["token_endpoint"] = (test, uri) => test.ShouldAnswerAsync(uri, "unsupported_grant_type", ("grant_type", "x")),
        ["pushed_authorization_request_endpoint"] = (test, uri) =>
            test.ShouldAnswerAsync(uri, "invalid_request", ("client_id", "lightning-bff")),
        ["revocation_endpoint"] = (test, uri) => test.ShouldAnswerAsync(uri, null, ("token", "x")),
        ["introspection_endpoint"] = async (test, uri) =>
            (await test.Bff().PostAsync(Path(uri), ("token", "x")))["active"].ShouldBe("False"),
        ["userinfo_endpoint"] = async (test, uri) =>
        {
            using var refused = await test.identity.BackChannel().GetAsync(Path(uri), Cancellation);
            refused.Headers.WwwAuthenticate.ToString().ShouldStartWith("Bearer");
        },
        ["nonce_endpoint"] = async (test, uri) =>
        {
            (await test.Bff().PostAsync(Path(uri))).Error.ShouldBe("unauthorized_client");
            (await test.identity.Native(test.identity.Visitor()).PostAsync(Path(uri)))["nonce"]
                .ShouldNotBeNullOrEmpty();
        },
        ["end_session_endpoint"] = async (test, uri) =>
        {
            using var left = await test.identity.Visitor().GetAsync(Path(uri));
            left.Headers.Location!.ToString().ShouldBe("/account/signed-out");
        },
        ["jwks_uri"] = async (test, uri) =>
        {
            var keys = new JsonWebKeySet(await test.identity.BackChannel().GetStringAsync(Path(uri), Cancellation));
            var token = (await test.TokensAsync("keys"))["id_token"]!;
            (
                await new JsonWebTokenHandler().ValidateTokenAsync(
                    token,
                    new TokenValidationParameters
                    {
                        IssuerSigningKeys = keys.GetSigningKeys(),
                        ValidIssuer = People.Issuer,
                        ValidAudience = "lightning-bff",
                        ValidateLifetime = false,
                    }
                )
            ).IsValid.ShouldBeTrue();
        },
        ["require_pushed_authorization_requests"] = async (test, required) =>
        {
            required.GetBoolean().ShouldBeFalse();
            (await test.TokensAsync("unpushed")).Status.ShouldBe(HttpStatusCode.OK);
        },
        ["response_types_supported"] = async (test, types) =>
        {
            foreach (var type in Every(types))
                (await test.AuthorizeAsync($"type-{type}", ("response_type", type))).ShouldContainKey(type!);
            (await test.AuthorizeAsync("type-other", ("response_type", "token")))["error"]
                .ShouldBe("unsupported_response_type");
        },
        ["response_modes_supported"] = async (test, modes) =>
        {
            foreach (var mode in Every(modes))
                (await test.AuthorizeAsync($"mode-{mode}", ("response_mode", mode))).ShouldContainKey("code");
            foreach (var other in new[] { "fragment", "form_post" })
                (await test.AuthorizeAsync($"mode-{other}", ("response_mode", other)))["error"]
                    .ShouldBe("invalid_request");
        },
        ["grant_types_supported"] = async (test, grants) =>
        {
            foreach (var grant in Every(grants))
                (await test.Bff().PostAsync("/connect/token", ("grant_type", grant))).Error.ShouldNotBe(
                    "unsupported_grant_type",
                    grant
                );
            foreach (var other in new[] { "password", "implicit" })
                (await test.Bff().PostAsync("/connect/token", ("grant_type", other))).Error.ShouldBe(
                    "unsupported_grant_type"
                );
        },
        ["scopes_supported"] = async (test, scopes) =>
        {
            var all = string.Join(' ', Every(scopes));
            (await test.TokensAsync("scopes", ("scope", all)))["scope"].ShouldBe(all);
        },
        ["subject_types_supported"] = async (test, types) =>
        {
            Every(types).ShouldBe(["public"]);
            var (_, visitor) = await test.identity.SignedInAsync("subject");
            var tokens = new[]
            {
                await test.identity.Bff(visitor).TokensAsync(),
                await test.identity.Admin(visitor).TokensAsync(),
            };
            tokens.Select(answer => new Claims(answer["id_token"]!)["sub"]).Distinct().Count().ShouldBe(1);
        },
        ["id_token_signing_alg_values_supported"] = async (test, algorithms) =>
            Every(algorithms)
                .ShouldBe([
                    new Claims((await test.TokensAsync("alg"))["id_token"]!).Header.GetProperty("alg").GetString(),
                ]),
        ["token_endpoint_auth_methods_supported"] = (test, methods) =>
            test.ShouldTakeAsync(
                Every(methods),
                "/connect/token",
                ["client_secret_basic", "client_secret_post", "none"]
            ),
        ["revocation_endpoint_auth_methods_supported"] = (test, methods) =>
            test.ShouldTakeAsync(
                Every(methods),
                "/connect/revocation",
                ["client_secret_basic", "client_secret_post", "none"]
            ),
        ["introspection_endpoint_auth_methods_supported"] = (test, methods) =>
            test.ShouldTakeAsync(
                Every(methods),
                "/connect/introspection",
                ["client_secret_basic", "client_secret_post"]
            ),
        ["code_challenge_methods_supported"] = async (test, methods) =>
        {
            Every(methods).ShouldBe(["S256"]);
            (await test.TokensAsync("challenge", ("code_challenge_method", "S256"))).Status.ShouldBe(HttpStatusCode.OK);
            (await test.AuthorizeAsync("plain", ("code_challenge_method", "plain")))["error"]
                .ShouldBe("invalid_request");
        },
        ["prompt_values_supported"] = async (test, prompts) =>
        {
            foreach (var prompt in Every(prompts))
            {
                using var redirected = await test.Bff().AuthorizeAsync(("prompt", prompt));
                redirected
                    .Headers.Location!.ToString()
                    .ShouldContain(
                        prompt switch
                        {
                            "none" => "error=login_required",
                            "create" => "/account/register",
                            _ => "/account/sign-in",
                        }
                    );
            }
            using var other = await test.Bff().AuthorizeAsync(("prompt", "consent"));
            RelyingParty.Callback(other)["error"].ShouldBe("invalid_request");
        },
        ["claims_supported"] = async (test, claims) =>
            new Claims((await test.TokensAsync("claims"))["id_token"]!).Names.ShouldBe(
                Every(claims),
                ignoreOrder: true
            ),
        ["authorization_response_iss_parameter_supported"] = async (test, supported) =>
        {
            supported.GetBoolean().ShouldBeTrue();
            (await test.AuthorizeAsync("iss"))["iss"].ShouldBe(People.Issuer);
        },
        ["backchannel_logout_supported"] = (test, supported) => test.ShouldTellAsync("told", supported),
        ["backchannel_logout_session_supported"] = (test, supported) => test.ShouldTellAsync("told-sid", supported),
        ["claims_parameter_supported"] = async (test, supported) =>
        {
            supported.GetBoolean().ShouldBeFalse();
            new Claims(
                (await test.TokensAsync("asked", ("scope", "openid"), ("claims", """{"id_token":{"email":null}}""")))[
                    "id_token"
                ]!
            ).Names.ShouldNotContain("email");
        },
        ["request_parameter_supported"] = async (test, supported) =>
        {
            supported.GetBoolean().ShouldBeFalse();
            (await test.AuthorizeAsync("object", ("request", "eyJ.e30.")))["error"].ShouldBe("request_not_supported");
        },
        ["request_uri_parameter_supported"] = async (test, supported) =>
        {
            supported.GetBoolean().ShouldBeFalse();
            using var shown = await test.Bff().AuthorizeAsync(("request_uri", "https://app.example.com/request.jwt"));
            shown.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        },
    };

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static TheoryData<string> Members => [.. Proofs.Keys];

    [Fact, Trait("Check", "A20")]
    public async Task Metadata_EveryMember_HasACheck() =>
        (await ReadAsync()).EnumerateObject().Select(member => member.Name).ShouldBe(Proofs.Keys, ignoreOrder: true);

    [Theory, Trait("Check", "A20")]
    [MemberData(nameof(Members))]
    public async Task Metadata_Member_IsTrue(string member) =>
        await Proofs[member](this, (await ReadAsync()).GetProperty(member));

    async Task<JsonElement> ReadAsync() =>
        JsonSerializer.Deserialize<JsonElement>(
            await identity.BackChannel().GetStringAsync("/.well-known/openid-configuration", Cancellation)
        );

    RelyingParty Bff() => identity.Bff(identity.Visitor());

    async Task<Answer> TokensAsync(string person, params (string Name, string? Value)[] changes) =>
        await identity.Bff((await identity.SignedInAsync(person)).Visitor).TokensAsync(changes);

    async Task<Dictionary<string, string>> AuthorizeAsync(string person, params (string Name, string? Value)[] changes)
    {
        using var answer = await identity.Bff((await identity.SignedInAsync(person)).Visitor).AuthorizeAsync(changes);
        return RelyingParty.Callback(answer);
    }

    async Task ShouldAnswerAsync(JsonElement uri, string? error, params (string Name, string? Value)[] parameters) =>
        (await Bff().PostAsync(Path(uri), parameters)).Error.ShouldBe(error);

    /// <summary>Checks that an endpoint supports exactly the listed authentication methods.</summary>
    async Task ShouldTakeAsync(IEnumerable<string?> named, string path, string[] methods)
    {
        named.ShouldBe(methods, ignoreOrder: true);
        foreach (var method in new[] { "client_secret_basic", "client_secret_post", "none" })
        {
            var form = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["token"] = "x",
                ["grant_type"] = "refresh_token",
                ["refresh_token"] = "x",
            };
            using var request = new HttpRequestMessage(HttpMethod.Post, path);
            if (method == "client_secret_basic")
                request.Headers.Authorization = new AuthenticationHeaderValue(
                    "Basic",
                    Convert.ToBase64String(Encoding.ASCII.GetBytes($"lightning-bff:{IdentityUnderTest.BffSecret}"))
                );
            else
                form["client_id"] = method == "none" ? "lightning-public" : "lightning-bff";
            if (method == "client_secret_post")
                form["client_secret"] = IdentityUnderTest.BffSecret;
            request.Content = new FormUrlEncodedContent(form);
            using var answer = await identity.BackChannel().SendAsync(request, Cancellation);
            (answer.StatusCode != HttpStatusCode.Unauthorized).ShouldBe(
                methods.Contains(method, StringComparer.Ordinal),
                method
            );
        }
    }

    /// <summary>
    /// Checks that a session's end writes a logout message with its sid; BackChannelTests check that it is sent.
    /// </summary>
    async Task ShouldTellAsync(string person, JsonElement supported)
    {
        supported.GetBoolean().ShouldBeTrue();
        var sid = new Claims((await TokensAsync(person))["id_token"]!)["sid"];
        await identity.Database.ExecuteAsync($"SELECT identity.end_session('{sid}', 'test')");
        (
            await identity.Database.ExecuteAsync(
                $"""
                SELECT count(*) FROM identity.outbox
                    WHERE kind = 'logout' AND convert_from(payload, 'UTF8')::jsonb ->> 'sid' = '{sid}'
                """
            )
        ).ShouldBe(1L);
    }

    static string Path(JsonElement uri)
    {
        uri.GetString()!.ShouldStartWith(People.Issuer + "/");
        return new Uri(uri.GetString()!).AbsolutePath;
    }

    static IEnumerable<string?> Every(JsonElement list) => list.EnumerateArray().Select(value => value.GetString());
}
