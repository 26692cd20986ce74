using System.Net;
using Microsoft.AspNetCore.WebUtilities;

namespace Lightning.Identity.Tests;

public class EndSessionTests(IdentityUnderTest identity) : IClassFixture<IdentityUnderTest>
{
    const string Callback = IdentityUnderTest.App + "/bff/signout-callback-oidc";

    [Fact, Trait("Check", "A26")]
    public async Task EndSession_HintForThisSession_EndsItWithoutConfirmation()
    {
        var (user, visitor) = await identity.SignedInAsync("ada");
        var sid = new Claims((await identity.Bff(visitor).TokensAsync())["id_token"]!)["sid"];
        using var response = await visitor.GetAsync(
            Url(
                ("client_id", "lightning-bff"),
                ("logout_hint", sid),
                ("post_logout_redirect_uri", Callback),
                ("state", "a b")
            )
        );
        response.StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        response.Headers.Location!.AbsoluteUri.ShouldBe($"{Callback}?state=a%20b");
        (await identity.IsActiveAsync(user.Id)).ShouldBeFalse();
        visitor.Browser.Cookie("__Host-lightning-id").ShouldBeNull();
    }

    [Fact, Trait("Check", "A26")]
    public async Task EndSession_ExpiredIdTokenHint_EndsSessionWithoutConfirmation()
    {
        var (user, visitor) = await identity.SignedInAsync("bob");
        var idToken = (await identity.Bff(visitor).TokensAsync())["id_token"]!;
        identity.Clock.Advance(TimeSpan.FromHours(1));
        using var response = await visitor.GetAsync(
            Url(("id_token_hint", idToken), ("post_logout_redirect_uri", Callback))
        );
        response.Headers.Location!.ToString().ShouldBe(Callback);
        (await identity.IsActiveAsync(user.Id)).ShouldBeFalse();
    }

    [Fact, Trait("Check", "A26")]
    public async Task EndSession_NoActiveSession_NeedsNoConfirmation()
    {
        var (user, visitor) = await identity.SignedInAsync("carol");
        var sid = new Claims((await identity.Bff(visitor).TokensAsync())["id_token"]!)["sid"];
        var url = Url(("client_id", "lightning-bff"), ("logout_hint", sid), ("post_logout_redirect_uri", Callback));
        await identity.Database.ExecuteAsync($"SELECT identity.end_session('{sid}', 'test')");
        (await visitor.GetAsync(url)).Headers.Location!.ToString().ShouldBe(Callback);
        (await identity.Visitor().GetAsync(Url(("client_id", "lightning-bff"), ("post_logout_redirect_uri", Callback))))
            .Headers.Location!.ToString()
            .ShouldBe(Callback);

        // Another user signed in since; the hint does not affect their session.
        await visitor.SignInAsync(user.Email);
        (await visitor.GetAsync(url)).Headers.Location!.ToString().ShouldBe(Callback);
        (await identity.IsActiveAsync(user.Id)).ShouldBeTrue();
    }

    [Fact, Trait("Check", "A26")]
    public async Task EndSession_WithoutHint_AsksForConfirmation()
    {
        var (user, visitor) = await identity.SignedInAsync("dave");
        foreach (var hint in new[] { null, "nonsense", Guid.NewGuid().ToString() })
        {
            using var redirected = await visitor.GetAsync(
                Url(
                    ("client_id", "lightning-bff"),
                    ("logout_hint", hint),
                    ("post_logout_redirect_uri", Callback),
                    ("state", "s")
                )
            );
            redirected.Headers.Location!.ToString().ShouldStartWith("/account/sign-out?");
        }
        using var posted = await visitor.Browser.SendAsync(
            HttpMethod.Post,
            "/connect/endsession",
            new FormUrlEncodedContent([
                new("client_id", "lightning-bff"),
                new("post_logout_redirect_uri", Callback),
                new("state", "s"),
            ])
        );
        using var again = await visitor.GetAsync(posted.Headers.Location!.ToString());
        (await identity.IsActiveAsync(user.Id)).ShouldBeTrue();
        using var confirmed = await visitor.SubmitAsync(again.Headers.Location!.ToString());
        confirmed.Headers.Location!.ToString().ShouldBe($"{Callback}?state=s");
        (await identity.IsActiveAsync(user.Id)).ShouldBeFalse();
    }

    [Theory, Trait("Check", "A26")]
    [InlineData("lightning-bff", Callback + "/")]
    [InlineData("lightning-bff", "https://evil.example/")]
    [InlineData("lightning-admin", Callback)]
    [InlineData("unknown-client", Callback)]
    [InlineData(null, Callback)]
    public async Task EndSession_UnregisteredRedirectUri_ShowsErrorPage(string? clientId, string redirectUri)
    {
        using var response = await identity
            .Visitor()
            .GetAsync(Url(("client_id", clientId), ("post_logout_redirect_uri", redirectUri)));
        response.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        response.Headers.Location.ShouldBeNull();
    }

    [Fact, Trait("Check", "A26")]
    public async Task EndSession_InvalidHint_ShowsErrorPage()
    {
        var (user, visitor) = await identity.SignedInAsync("erin");
        var tokens = await identity.Bff(visitor).TokensAsync();
        foreach (
            var url in new[]
            {
                Url(("id_token_hint", tokens["access_token"])),
                Url(("id_token_hint", tokens["id_token"]![..^4] + "AAAA")),
                Url(("id_token_hint", tokens["id_token"]), ("client_id", "lightning-admin")),
            }
        )
        {
            (await visitor.GetAsync(url)).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        }
        (await identity.IsActiveAsync(user.Id)).ShouldBeTrue();
    }

    static string Url(params (string Name, string? Value)[] parameters) =>
        QueryHelpers.AddQueryString(
            "/connect/endsession",
            parameters.Where(pair => pair.Value is not null).Select(pair => KeyValuePair.Create(pair.Name, pair.Value))
        );
}
