using System.Net;
using Lightning.Identity.Sessions;
using Lightning.Testing;

namespace Lightning.Identity.Tests;

public sealed class IdentityThatAsksAdministrators(PostgresServer server) : IdentityUnderTest(server)
{
    protected override IEnumerable<(string Key, string Value)> Settings =>
        [("Identity:SecondFactor:RequiredFor", "Administrators")];
}

public class RequiredSecondFactorTests(IdentityThatAsksAdministrators identity)
    : IClassFixture<IdentityThatAsksAdministrators>
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact, Trait("Check", "U05")]
    public async Task Administrator_WithoutSecondFactor_MustSetOneUpFirst()
    {
        var user = await AdministratorAsync("root");
        (await identity.SignedInAsync("plain")).Visitor.ShouldNotBeNull("others need none");
        var visitor = identity.Visitor();
        using var first = await visitor.SignInAsync(user.Email);
        first.Headers.Location!.ToString().ShouldBe("/account/second-step/set-up");
        (await identity.IsActiveAsync(user.Id)).ShouldBeFalse();
        (await visitor.SubmitAsync("/account/second-step", ("Code", "123456"))).StatusCode.ShouldBe(HttpStatusCode.OK);

        var page = await visitor.ReadAsync("/account/second-step/set-up");
        var key = AccountActions.Key(page);
        using var wrong = await PostAsync(visitor, page, "000000");
        (await wrong.Content.ReadAsStringAsync(Cancellation)).ShouldContain("That code is incorrect");
        (await identity.IsActiveAsync(user.Id)).ShouldBeFalse();
        using var right = await PostAsync(visitor, page, identity.CodeOf(key));
        (await right.Content.ReadAsStringAsync(Cancellation)).ShouldContain("shown only once");
        (await visitor.GetAsync("/account")).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await visitor.ReadAsync("/account/authenticator")).ShouldContain("cannot remove the app");
        (await visitor.SubmitFormAsync("/account/authenticator", "handler=Off"))
            .Headers.Location!.ToString()
            .ShouldBe("/account/authenticator");

        // From now on the app is required, and the password alone cannot replace it.
        var thief = identity.Visitor();
        (await thief.SignInAsync(user.Email)).Headers.Location!.ToString().ShouldBe("/account/second-step");
        (await thief.GetAsync("/account/second-step/set-up")).Headers.Location!.ToString().ShouldBe("/account/sign-in");
    }

    [Fact, Trait("Check", "U05")]
    public async Task Administrator_WithPasskey_CannotAddFactorWithPasswordAlone()
    {
        var user = await AdministratorAsync("keyed");
        await identity.Database.ExecuteAsync(
            $$"""
INSERT INTO identity.account_passkeys (credential_id, user_id, data)
VALUES ('\x01', '{{user.Id}}', '{}')
"""
        );
        var thief = identity.Visitor();
        using var answer = await thief.SignInAsync(user.Email);
        (await answer.Content.ReadAsStringAsync(Cancellation)).ShouldContain("with its passkey");
        (await thief.GetAsync("/account/second-step/set-up")).StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        (await identity.IsActiveAsync(user.Id)).ShouldBeFalse();
    }

    [Fact, Trait("Check", "U05")]
    public async Task Session_UserBecomesAdministrator_IsNoLongerActive()
    {
        var (user, visitor) = await identity.SignedInAsync("promoted");
        var token = (await identity.Bff(visitor).TokensAsync())["refresh_token"]!;
        await identity.Database.ExecuteAsync($"UPDATE app.users SET is_admin = true WHERE id = '{user.Id}'");
        (await visitor.GetAsync("/account")).StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        (await identity.Bff(visitor).RefreshAsync(token)).Error.ShouldBe("invalid_grant");
    }

    [Theory]
    [InlineData("Nobody", "Production", false)]
    [InlineData("Administrators", "Development", true)]
    [InlineData("everyone", "Development", true)]
    [InlineData(null, "Production", true)]
    [InlineData(null, "Development", false)]
    public void SecondFactorPolicy_NotSet_RequiresItForAdministratorsInProduction(
        string? requiredFor,
        string environment,
        bool isRequired
    )
    {
        var options = Microsoft.Extensions.Options.Options.Create(
            new ProviderOptions { SecondFactor = new() { RequiredFor = requiredFor } }
        );
        var rule = new SecondFactorPolicy(options, new ProviderOptionsTests.Environment(environment));
        (rule.ForAdministrators || rule.ForEveryone).ShouldBe(isRequired);
    }

    async Task<Data.Users.User> AdministratorAsync(string name)
    {
        var user = await identity.AddAccountAsync(name);
        await identity.Database.ExecuteAsync($"UPDATE app.users SET is_admin = true WHERE id = '{user.Id}'");
        return user;
    }

    static Task<HttpResponseMessage> PostAsync(Visitor visitor, string page, string code) =>
        visitor.Browser.SendAsync(
            HttpMethod.Post,
            "/account/second-step/set-up",
            new FormUrlEncodedContent(
                new Dictionary<string, string>(StringComparer.Ordinal)
                {
                    ["__RequestVerificationToken"] = page.Split(
                            "name=\"__RequestVerificationToken\" type=\"hidden\" value=\""
                        )[1]
                        .Split('"')[0],
                    ["Key"] = page.Split("name=\"Key\" value=\"")[1].Split('"')[0],
                    ["Code"] = code,
                }
            )
        );
}
