using System.Net;
using System.Text.RegularExpressions;
using Lightning.Identity.Pages.Account;
using Lightning.Testing;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Identity.Tests;

/// <summary>Every form of this service, posted with an antiforgery token that is no longer valid.</summary>
public partial class StaleFormTests(IdentityWithUpstream identity) : IClassFixture<IdentityWithUpstream>
{
    const string Cookie = "__Host-lightning-id-af";
    const string Typed = "typed@example.net";

    /// <summary>
    /// The headers of a browser that posts a form of a page with <c>Referrer-Policy: no-referrer</c>.
    /// </summary>
    static readonly (string, string)[] SameOrigin =
    [
        ("Origin", "null"),
        ("Sec-Fetch-Site", "same-origin"),
        ("Sec-Fetch-Mode", "navigate"),
        ("Accept", "text/html"),
    ];

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Each page with forms, and how to get there: the page model's name, a colon and a variant.</summary>
    static readonly Dictionary<string, Func<StaleFormTests, Task<(Visitor Visitor, string Page)>>> Pages = new(
        StringComparer.Ordinal
    )
    {
        ["SignIn"] = tests => tests.AnonymousAsync("/account/sign-in"),
        ["Register"] = tests => tests.AnonymousAsync("/account/register"),
        ["ForgotPassword"] = tests => tests.AnonymousAsync("/account/forgot-password"),
        ["CheckMail"] = tests => tests.CheckMailAsync(),
        ["Name"] = tests => tests.SignedInAsync("/account/name"),
        ["Password"] = tests => tests.RegistrationLinkAsync(),
        ["SecondStep"] = tests => tests.SecondStepAsync(""),
        ["SecondStep:recovery"] = tests => tests.SecondStepAsync("?recovery=true"),
        ["SecondStepSetUp"] = tests => tests.SetUpAsync(),
        ["Upstream:address"] = tests => tests.UpstreamAsync(),
        ["Upstream:link"] = tests => tests.UpstreamLinkAsync(),
        ["UpstreamAddress"] = tests => tests.UpstreamAddressAsync(),
        ["Address"] = tests => tests.SignedInAsync("/account/address"),
        ["ConfirmAddress"] = tests => tests.ConfirmAddressAsync(),
        ["ChangePassword"] = tests => tests.SignedInAsync("/account/change-password"),
        ["Authenticator"] = tests => tests.SignedInAsync("/account/authenticator"),
        ["Authenticator:on"] = tests => tests.AuthenticatorAsync(),
        ["Passkeys"] = tests => tests.PasskeysAsync(),
        ["Logins"] = tests => tests.LoginsAsync(),
        ["Devices"] = tests => tests.DevicesAsync(),
        ["Data"] = tests => tests.SignedInAsync("/account/data"),
        ["Consent"] = tests => tests.ConsentAsync(),
        ["SignOut"] = tests => tests.SignedInAsync("/account/sign-out"),
    };

    public static TheoryData<string> Names => [.. Pages.Keys];

    [Fact]
    public void Every_page_with_a_form_is_walked_over() =>
        typeof(SignInModel)
            .Assembly.GetTypes()
            .Where(type => type.IsSubclassOf(typeof(PageModel)) && !type.IsAbstract)
            .Where(type => type.GetMethods().Any(method => method.Name.StartsWith("OnPost", StringComparison.Ordinal)))
            .Select(type => type.Name[..^"Model".Length])
            .ShouldBe(Pages.Keys.Select(name => name.Split(':')[0]).Distinct(), ignoreOrder: true);

    [Theory, MemberData(nameof(Names))]
    public async Task Form_StaleToken_IsShownAgainAndExecutesNothing(string name)
    {
        foreach (var isLost in new[] { true, false })
        {
            var (visitor, page) = await Pages[name](this);
            var html = await visitor.ReadAsync(page);
            var forms = Visitor.Forms(html);
            forms.ShouldNotBeEmpty(name);
            foreach (var form in forms)
            {
                var sent = Visitor.Fill(form, page, "", [.. TextFields(form).Select(field => (field, Typed))]);
                var before = await ChangesAsync();
                var kept = visitor.Browser.Cookie(Cookie)!;
                Break(visitor, isLost);
                using var shown = await visitor.PostAsync(sent, SameOrigin);
                var what = $"{name} {sent.Action} {(isLost ? "without" : "with another")} cookie";
                shown.StatusCode.ShouldBeOneOf([HttpStatusCode.OK, HttpStatusCode.SeeOther], what);
                (await ChangesAsync()).ShouldBe(before, what);
                if (shown.StatusCode == HttpStatusCode.OK)
                {
                    var text = await shown.Content.ReadAsStringAsync(Cancellation);
                    text.ShouldContain("Nothing was changed", Case.Sensitive, what);
                    text.ShouldContain("__RequestVerificationToken", Case.Sensitive, what);
                    foreach (var field in TextFields(form))
                        text.ShouldMatch($"name=\"{Regex.Escape(field)}\"[^>]*value=\"{Typed}\"", what);
                }
                if (visitor.Browser.Cookie(Cookie) is not { Length: > 0 })
                    visitor.Browser.SetCookie(Cookie, kept);
                // The page's other forms, with a new token.
                html = await visitor.ReadAsync(page);
            }
        }
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Form_StaleTokenFromElsewhere_IsRefused(string name)
    {
        var (visitor, page) = await Pages[name](this);
        var form = Visitor.Fill(await visitor.ReadAsync(page), page, "method=\"post\"");
        Break(visitor, isLost: false);
        var before = await ChangesAsync();
        (string, string)[][] others =
        [
            [],
            [("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate"), ("Origin", "https://evil.example")],
            [("Sec-Fetch-Site", "same-site"), ("Sec-Fetch-Mode", "navigate"), ("Origin", "http://localhost:5109")],
            [("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate"), ("Origin", People.Issuer)],
            [("Sec-Fetch-Site", "none"), ("Sec-Fetch-Mode", "navigate")],
            [("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Mode", "cors"), ("Origin", People.Issuer)],
            [("Origin", "https://evil.example")],
            [("Origin", "null")],
        ];
        foreach (var headers in others)
        {
            using var refused = await visitor.PostAsync(form, headers);
            refused.StatusCode.ShouldBe(HttpStatusCode.BadRequest, $"{name} {string.Join(' ', headers)}");
        }
        // Never a form of this site: each has a token.
        using var bare = await visitor.PostAsync(
            form with
            {
                Fields = [.. form.Fields.Where(field => field.Name != "__RequestVerificationToken")],
            },
            SameOrigin
        );
        bare.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await ChangesAsync()).ShouldBe(before);
    }

    /// <summary>Everything that a form could change.</summary>
    async Task<string> ChangesAsync()
    {
        await using var db = identity.Database.Connect();
        return string.Join(
            ' ',
            await db.AuditEntries.CountAsync(Cancellation),
            await db.Outbox.CountAsync(Cancellation),
            await db.Accounts.CountAsync(Cancellation),
            await db.AccountLinks.CountAsync(link => link.UsedAt == null, Cancellation),
            await db.UserPasskeys.CountAsync(Cancellation),
            await db.UserLogins.CountAsync(Cancellation),
            await db.Sessions.CountAsync(session => session.EndedAt == null, Cancellation),
            await db.Grants.CountAsync(Cancellation)
        );
    }

    static void Break(Visitor visitor, bool isLost)
    {
        var cookie = visitor.Browser.Cookies.Single(cookie => cookie.Name == Cookie);
        if (isLost)
            cookie.Expired = true;
        else
            visitor.Browser.SetCookie(Cookie, new string('x', cookie.Value.Length));
    }

    /// <summary>What a user types, other than secrets.</summary>
    static IEnumerable<string> TextFields(string form) =>
        Input()
            .Matches(form)
            .Select(match => match.Value)
            .Where(input =>
                !Regex.IsMatch(input, "type=\"(hidden|password|checkbox)\"| hidden|readonly|one-time-code")
                && !input.Contains("name=\"Code\"", StringComparison.Ordinal)
            )
            .Select(input => Name().Match(input).Groups["name"].Value)
            .Where(field => field.Length > 0);

    Task<(Visitor, string)> AnonymousAsync(string page) => Task.FromResult((identity.Visitor(), page));

    async Task<(Visitor, string)> SignedInAsync(string page) =>
        ((await identity.SignedInAsync($"s{Guid.NewGuid():N}")).Visitor, page);

    async Task<(Visitor, string)> CheckMailAsync()
    {
        var visitor = identity.Visitor();
        using var sent = await visitor.SubmitAsync(
            "/account/forgot-password",
            ("Email", $"{Guid.NewGuid():N}@example.com")
        );
        return (visitor, sent.Headers.Location!.ToString());
    }

    async Task<(Visitor, string)> RegistrationLinkAsync()
    {
        var address = $"{Guid.NewGuid():N}@example.com";
        await identity.Visitor().SubmitAsync("/account/register", ("Name", "Grace"), ("Email", address));
        return (identity.Visitor(), await identity.LinkAsync(address));
    }

    async Task<(Visitor, string)> SecondStepAsync(string query)
    {
        var (user, visitor) = await identity.SignedInAsync($"s{Guid.NewGuid():N}");
        await identity.AddAuthenticatorAsync(visitor);
        var next = identity.Visitor();
        await next.SignInAsync(user.Email);
        return (next, "/account/second-step" + query);
    }

    async Task<(Visitor, string)> SetUpAsync()
    {
        var user = await identity.AddAccountAsync($"s{Guid.NewGuid():N}");
        await identity.Database.ExecuteAsync($"UPDATE app.users SET is_admin = true WHERE id = '{user.Id}'");
        var visitor = identity.Visitor();
        await visitor.SignInAsync(user.Email);
        return (visitor, "/account/second-step/set-up");
    }

    async Task<(Visitor, string)> UpstreamAsync()
    {
        IdentityWithUpstream.Newcomer(identity.Upstream, $"{Guid.NewGuid():N}@example.org", verified: false);
        var visitor = identity.Visitor();
        await IdentityWithUpstream.GoAsync(visitor);
        return (visitor, "/account/upstream");
    }

    async Task<(Visitor, string)> UpstreamLinkAsync()
    {
        var (_, visitor) = await identity.SignedInAsync($"s{Guid.NewGuid():N}");
        IdentityWithUpstream.Newcomer(identity.Upstream, $"{Guid.NewGuid():N}@example.org");
        await IdentityWithUpstream.GoAsync(visitor, page: "/account/logins", fields: ("Link", "true"));
        return (visitor, "/account/upstream");
    }

    async Task<(Visitor, string)> UpstreamAddressAsync()
    {
        var (visitor, page) = await UpstreamAsync();
        var address = $"{Guid.NewGuid():N}@example.org";
        await visitor.SubmitFormAsync(page, "handler=prove", ("Email", address));
        return (visitor, await identity.LinkAsync(address));
    }

    async Task<(Visitor, string)> ConfirmAddressAsync()
    {
        var (_, visitor) = await identity.SignedInAsync($"s{Guid.NewGuid():N}");
        var address = $"{Guid.NewGuid():N}@example.com";
        await visitor.SubmitAsync("/account/address", ("Email", address));
        return (visitor, await identity.LinkAsync(address));
    }

    async Task<(Visitor, string)> AuthenticatorAsync()
    {
        var (_, visitor) = await identity.SignedInAsync($"s{Guid.NewGuid():N}");
        await identity.AddAuthenticatorAsync(visitor);
        return (visitor, "/account/authenticator");
    }

    async Task<(Visitor, string)> PasskeysAsync()
    {
        var (user, visitor) = await identity.SignedInAsync($"s{Guid.NewGuid():N}");
        await using var db = identity.Database.Connect();
        db.UserPasskeys.Add(
            new IdentityUserPasskey<Guid>
            {
                UserId = user.Id,
                CredentialId = Guid.NewGuid().ToByteArray(),
                Data = new IdentityPasskeyData
                {
                    Name = "The red key",
                    CreatedAt = identity.Clock.GetUtcNow(),
                    PublicKey = [],
                    AttestationObject = [],
                    ClientDataJson = [],
                },
            }
        );
        await db.SaveChangesAsync(Cancellation);
        return (visitor, "/account/passkeys");
    }

    async Task<(Visitor, string)> LoginsAsync()
    {
        var (user, visitor) = await identity.SignedInAsync($"s{Guid.NewGuid():N}");
        await using var db = identity.Database.Connect();
        db.UserLogins.Add(
            new IdentityUserLogin<Guid>
            {
                UserId = user.Id,
                LoginProvider = identity.Upstream.Issuer,
                ProviderKey = user.Id.ToString(),
                ProviderDisplayName = "Sky",
            }
        );
        await db.SaveChangesAsync(Cancellation);
        return (visitor, "/account/logins");
    }

    async Task<(Visitor, string)> DevicesAsync()
    {
        var (user, visitor) = await identity.SignedInAsync($"s{Guid.NewGuid():N}");
        await identity.Visitor().SignInAsync(user.Email);
        return (visitor, "/account/devices");
    }

    async Task<(Visitor, string)> ConsentAsync()
    {
        var (_, visitor) = await identity.SignedInAsync($"s{Guid.NewGuid():N}");
        using var asked = await identity.Native(visitor).AuthorizeAsync();
        return (visitor, asked.Headers.Location!.ToString());
    }

    [GeneratedRegex("<input [^>]*>", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Input();

    [GeneratedRegex(" name=\"(?<name>[^\"]*)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Name();
}
