using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Lightning.Identity.Tests;

/// <summary>Passkeys, with the virtual authenticator of a real Chromium.</summary>
public sealed class PasskeyTests(IdentityInChromium identity, EndToEnd.Browser chromium)
    : IClassFixture<IdentityInChromium>
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact, Trait("Check", "U08"), Trait("Check", "U10"), Trait("Check", "O01")]
    public async Task Passkey_CanBeCreatedRenamedUsedAndRemoved()
    {
        var user = await identity.AddAccountAsync("ada");
        await using var context = await chromium.OpenAsync();
        var page = await context.NewPageAsync();
        var devtools = await IdentityInChromium.AddAuthenticatorAsync(page);
        await identity.SignInAsync(page, user.Email, "/account/passkeys");
        await page.GetByRole(AriaRole.Button, new() { Name = "Add a passkey" }).ClickAsync();
        await Expect(page.GetByLabel("Name of the passkey")).ToHaveValueAsync("Chrome on Linux");
        await page.GetByLabel("Name of the passkey").FillAsync("The red key");
        await page.GetByRole(AriaRole.Button, new() { Name = "Rename" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Remove The red key" })).ToBeVisibleAsync();
        var made = await PasskeyAsync(user.Id);
        made.GetProperty("IsUserVerified").GetBoolean().ShouldBeTrue();
        foreach (var kept in new[] { "SignCount", "IsBackupEligible", "IsBackedUp", "PublicKey" })
            made.TryGetProperty(kept, out _).ShouldBeTrue(kept);

        // Signing in needs no address: the passkey identifies the account.
        await SignOutAsync(page);
        await page.GotoAsync($"{identity.Origin}/account/sign-in?returnUrl=%2Faccount%2Fpasskeys");
        await page.GetByRole(AriaRole.Button, new() { Name = "Use a passkey" }).ClickAsync();
        await Expect(page).ToHaveURLAsync($"{identity.Origin}/account/passkeys");
        (await MethodsAsync(user.Id)).ShouldBe(["pop", "user", "mfa"]);
        (await PasskeyAsync(user.Id))
            .GetProperty("SignCount")
            .GetInt32()
            .ShouldBeGreaterThan(made.GetProperty("SignCount").GetInt32());

        await page.GetByRole(AriaRole.Button, new() { Name = "Remove The red key" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Rename" })).ToHaveCountAsync(0);
        (await identity.AuditAsync(user.Id))
            .Where(action => action.StartsWith("passkey", StringComparison.Ordinal))
            .ShouldBe(["passkey-added", "passkey-renamed", "passkey-removed"]);
        (await identity.SubjectsAsync(user.Email)).ShouldBe(["A passkey was added", "A passkey was removed"]);

        // The authenticator still has it, but it is no longer valid.
        await SignOutAsync(page);
        var began = identity.Clock.GetUtcNow();
        await page.GotoAsync($"{identity.Origin}/account/sign-in");
        await page.GetByRole(AriaRole.Button, new() { Name = "Use a passkey" }).ClickAsync();
        await Expect(page.GetByText("This passkey does not belong to an account here.")).ToBeVisibleAsync();
        (await identity.IsActiveAsync(user.Id)).ShouldBeFalse();
        await devtools.DetachAsync();

        // Each action is logged too, and the failed sign-in is audited although its account is unknown.
        string[] acts =
        [
            "signed-in",
            "passkey-added",
            "passkey-renamed",
            "signed-out",
            "signed-in",
            "passkey-removed",
            "signed-out",
        ];
        identity
            .Log.Where(said =>
                said.Parts.TryGetValue("UserId", out var who)
                && user.Id.Equals(who)
                && acts.Contains(said.Name, StringComparer.Ordinal)
            )
            .Select(said => said.Name)
            .ShouldBe(acts);
        await using var db = identity.Database.Connect();
        var failed = await db.AuditEntries.SingleAsync(
            entry => entry.Action == "sign-in-failed" && entry.At >= began,
            Cancellation
        );
        failed.UserId.ShouldBeNull();
        identity.Log.ShouldContain(said => said.Name == "sign-in-failed" && (string?)said.Parts["Ip"] == failed.Ip);
        failed.Details!.ShouldContain("\"method\": \"pop\"");
    }

    [Fact, Trait("Check", "U08")]
    public async Task Passkey_ConditionalMediation_SignsInWithoutButton()
    {
        var user = await identity.AddAccountAsync("erin");
        await using var context = await chromium.OpenAsync();
        var page = await context.NewPageAsync();
        await IdentityInChromium.AddAuthenticatorAsync(page, offers: true);
        await identity.SignInAsync(page, user.Email, "/account/passkeys");
        await page.GetByRole(AriaRole.Button, new() { Name = "Add a passkey" }).ClickAsync();
        await Expect(page.GetByLabel("Name of the passkey")).ToBeVisibleAsync();
        await SignOutAsync(page);
        await page.GotoAsync($"{identity.Origin}/account/sign-in?returnUrl=%2Faccount%2Fdevices");
        await Expect(page).ToHaveURLAsync($"{identity.Origin}/account/devices");
        (await MethodsAsync(user.Id)).ShouldBe(["pop", "user", "mfa"]);
    }

    [Fact, Trait("Check", "U08")]
    public async Task Authenticator_WithoutUserVerification_CreatesNoPasskey()
    {
        var user = await identity.AddAccountAsync("bob");
        await using var context = await chromium.OpenAsync();
        var page = await context.NewPageAsync();
        await IdentityInChromium.AddAuthenticatorAsync(page, verifiesUser: false);
        await identity.SignInAsync(page, user.Email, "/account/passkeys");
        // The server refuses a credential if the page requested less than the server requires.
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Add a passkey" })).ToBeVisibleAsync();
        await page.EvaluateAsync(
            """
            () => {
              const create = navigator.credentials.create.bind(navigator.credentials);
              navigator.credentials.create = options => {
                options.publicKey.authenticatorSelection = { userVerification: 'discouraged' };
                return create(options);
              };
            }
            """
        );
        await page.GetByRole(AriaRole.Button, new() { Name = "Add a passkey" }).ClickAsync();
        await Expect(page.GetByText("The passkey could not be added.")).ToBeVisibleAsync();
        await using var db = identity.Database.Connect();
        (await db.UserPasskeys.CountAsync(passkey => passkey.UserId == user.Id, Cancellation)).ShouldBe(0);
    }

    [Fact, Trait("Check", "U08"), Trait("Check", "U05")]
    public async Task Assertion_ReplayedOrForAnotherChallengeOrOrigin_IsRefused()
    {
        var user = await identity.AddAccountAsync("carol");
        await using var context = await chromium.OpenAsync();
        var page = await context.NewPageAsync();
        await IdentityInChromium.AddAuthenticatorAsync(page);
        await identity.SignInAsync(page, user.Email, "/account/passkeys");
        await page.GetByRole(AriaRole.Button, new() { Name = "Add a passkey" }).ClickAsync();
        await Expect(page.GetByLabel("Name of the passkey")).ToBeVisibleAsync();
        await SignOutAsync(page);

        // Replays the browser's post with its cookies.
        string? posted = null,
            cookie = null;
        await page.RouteAsync(
            "**/account/sign-in?handler=Passkey",
            async route =>
            {
                posted = route.Request.PostData;
                cookie = (await route.Request.AllHeadersAsync())["cookie"];
                await route.ContinueAsync();
            }
        );
        await page.GotoAsync($"{identity.Origin}/account/sign-in");
        await page.GetByRole(AriaRole.Button, new() { Name = "Use a passkey" }).ClickAsync();
        await Expect(page).ToHaveURLAsync($"{identity.Origin}/");
        (await RepostAsync(posted!, cookie!)).ShouldBe(HttpStatusCode.OK, "the form again, with an error");
        var fresh = string.Join(
            "; ",
            cookie!.Split("; ").Where(part => !part.StartsWith("__Host-lightning-id-passkey", StringComparison.Ordinal))
        );
        (await RepostAsync(posted!, fresh)).ShouldBe(HttpStatusCode.OK, "without the challenge");

        var passkeys = identity.Services.GetRequiredService<IOptions<IdentityPasskeyOptions>>().Value;
        passkeys.ServerDomain.ShouldBe("localhost");
        foreach (
            var (origin, crossOrigin, good) in new[]
            {
                (identity.Origin, false, true),
                (identity.Origin, true, false),
                ("http://localhost", false, false),
                (identity.Origin + "0", false, false),
                ("https://localhost.evil.example", false, false),
                (identity.Origin.Replace("http", "https", StringComparison.Ordinal), false, false),
            }
        )
        {
            (
                await passkeys.ValidateOrigin!(
                    new PasskeyOriginValidationContext
                    {
                        HttpContext = new Microsoft.AspNetCore.Http.DefaultHttpContext(),
                        Origin = origin,
                        CrossOrigin = crossOrigin,
                    }
                )
            ).ShouldBe(good, $"{origin} {crossOrigin}");
        }
    }

    [Fact, Trait("Check", "U05"), Trait("Check", "U08")]
    public async Task Passkey_CountsAsTwoFactorsAndPasswordStillRequiresCode()
    {
        var (user, visitor) = await identity.SignedInAsync("dave");
        await identity.AddAuthenticatorAsync(visitor);
        await using var context = await chromium.OpenAsync();
        var page = await context.NewPageAsync();
        await IdentityInChromium.AddAuthenticatorAsync(page);
        // Created in the visitor's session, whose cookie the browser gets.
        await context.AddCookiesAsync([
            .. visitor.Browser.Cookies.Select(cookie => new Microsoft.Playwright.Cookie
            {
                Name = cookie.Name,
                Value = cookie.Value,
                Url = identity.Origin.Replace("http", "https", StringComparison.Ordinal),
                Secure = true,
            }),
        ]);
        await page.GotoAsync($"{identity.Origin}/account/passkeys");
        await page.GetByRole(AriaRole.Button, new() { Name = "Add a passkey" }).ClickAsync();
        await Expect(page.GetByLabel("Name of the passkey")).ToBeVisibleAsync();
        await SignOutAsync(page);
        await page.GotoAsync($"{identity.Origin}/account/sign-in");
        await page.GetByRole(AriaRole.Button, new() { Name = "Use a passkey" }).ClickAsync();
        await Expect(page).ToHaveURLAsync($"{identity.Origin}/");
        (await MethodsAsync(user.Id)).ShouldBe(["pop", "user", "mfa"]);
        (await identity.Visitor().SignInAsync(user.Email))
            .Headers.Location!.ToString()
            .ShouldBe("/account/second-step");
    }

    async Task<HttpStatusCode> RepostAsync(string body, string cookie)
    {
        using var client = new HttpClient(new HttpClientHandler { UseCookies = false, AllowAutoRedirect = false })
        {
            BaseAddress = new Uri(identity.Origin),
        };
        using var request = new HttpRequestMessage(HttpMethod.Post, "/account/sign-in?handler=Passkey")
        {
            Content = new StringContent(body, System.Text.Encoding.UTF8, "application/x-www-form-urlencoded"),
        };
        request.Headers.TryAddWithoutValidation("Cookie", cookie);
        using var answer = await client.SendAsync(request, Cancellation);
        (await answer.Content.ReadAsStringAsync(Cancellation)).ShouldContain(
            "This passkey does not belong to an account here."
        );
        return answer.StatusCode;
    }

    async Task SignOutAsync(IPage page)
    {
        await page.GotoAsync($"{identity.Origin}/account/sign-out");
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        await Expect(page.GetByText("You are signed out")).ToBeVisibleAsync();
    }

    async Task<JsonElement> PasskeyAsync(Guid userId) =>
        JsonSerializer.Deserialize<JsonElement>(
            (string)
                (
                    await identity.Database.ExecuteAsync(
                        $"SELECT data::text FROM identity.account_passkeys WHERE user_id = '{userId}'"
                    )
                )!
        );

    async Task<string[]> MethodsAsync(Guid userId)
    {
        await using var db = identity.Database.Connect();
        return await db
            .Sessions.Where(session => session.UserId == userId && session.EndedAt == null)
            .OrderByDescending(session => session.AuthTime)
            .ThenByDescending(session => session.CreatedAt)
            .ThenByDescending(session => session.Id)
            .Select(session => session.Methods)
            .FirstAsync(Cancellation);
    }
}
