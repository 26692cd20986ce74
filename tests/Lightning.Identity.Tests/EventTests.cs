using System.Net;
using Lightning.Data.Users;
using Lightning.Sessions;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Identity.Tests;

/// <summary>
/// Every security event is an audit entry, a log event and a metric with the same name (ASVS 5.0, 16.3).
/// </summary>
public class EventTests(IdentityWithEventLog identity) : IClassFixture<IdentityWithEventLog>
{
    const string NewPassword = "another set of words";
    static readonly Dictionary<string, Func<IdentityWithEventLog, string, Task>> Acts = new(StringComparer.Ordinal)
    {
        ["signed-in"] = async (identity, name) => await identity.SignedInAsync(name),
        ["signed-in: exchange"] = async (identity, name) =>
            (await ExchangeAsync(identity, name)).Status.ShouldBe(HttpStatusCode.OK),
        ["sign-in-failed: wrong password"] = async (identity, name) =>
            await identity.Visitor().SignInAsync((await identity.AddAccountAsync(name)).Email, "wrong password"),
        ["sign-in-failed: no account"] = async (identity, name) =>
            await identity.Visitor().SignInAsync($"{name}@nowhere.example", "wrong password"),
        ["sign-in-failed: disabled"] = async (identity, name) =>
        {
            var user = await identity.AddAccountAsync(name);
            await identity.Database.ExecuteAsync($"UPDATE app.users SET disabled_at = now() WHERE id = '{user.Id}'");
            await identity.Visitor().SignInAsync(user.Email);
        },
        ["sign-in-failed: wrong code"] = async (identity, name) =>
        {
            var (_, _, next) = await BeforeTheSecondStepAsync(identity, name);
            await next.SubmitAsync("/account/second-step", ("Code", "000000"));
        },
        ["sign-in-failed: exchange"] = async (identity, name) =>
            (await ExchangeAsync(identity, name, verified: false)).Error.ShouldBe("invalid_request"),
        ["sign-in-failed: exchange of no token"] = async (identity, _) =>
            (await ExchangeAsync(identity, "no token")).Error.ShouldBe("invalid_request"),
        ["sign-in-failed: cancelled"] = async (identity, _) =>
        {
            identity.Upstream.AuthorizationError = "access_denied";
            await IdentityWithUpstream.GoAsync(identity.Visitor());
            identity.Upstream.AuthorizationError = null;
        },
        ["name-changed"] = async (identity, name) =>
        {
            var (_, visitor) = await identity.SignedInAsync(name);
            await visitor.SubmitAsync("/account/name", ("Name", "Another name"));
        },
        ["recovery-code-used"] = async (identity, name) =>
        {
            var (_, codes, next) = await BeforeTheSecondStepAsync(identity, name);
            await next.SubmitAsync("/account/second-step?recovery=true", ("Code", codes[0]));
        },
        ["new-device"] = async (identity, name) =>
        {
            var (user, _) = await identity.SignedInAsync(name);
            await identity.Visitor().SignInAsync(user.Email);
        },
        ["signed-out"] = async (identity, name) =>
            await (await identity.SignedInAsync(name)).Visitor.SubmitAsync("/account/sign-out"),
        ["signed-out: of a session without a cookie"] = async (identity, name) =>
            await identity
                .Visitor()
                .GetAsync($"/connect/endsession?id_token_hint={(await ExchangeAsync(identity, name))["id_token"]}"),
        ["refreshed"] = async (identity, name) => await RefreshAsync(identity, name),
        ["refresh-token-reused"] = async (identity, name) =>
        {
            var (bff, used) = await RefreshAsync(identity, name);
            await bff.RefreshAsync(used);
            await bff.RefreshAsync(used);
        },
        ["code-reused"] = async (identity, name) =>
        {
            var bff = identity.Bff((await identity.SignedInAsync(name)).Visitor);
            var code = await bff.CodeAsync();
            for (var use = 0; use < 3; use++)
                await bff.RedeemAsync(code);
        },
        ["grant-revoked"] = async (identity, name) =>
        {
            var bff = identity.Bff((await identity.SignedInAsync(name)).Visitor);
            var token = (await bff.TokensAsync())["refresh_token"];
            for (var time = 0; time < 2; time++)
                await bff.PostAsync("/connect/revocation", ("token", token));
        },
        ["consent-given"] = async (identity, name) =>
        {
            var app = identity.Native((await identity.SignedInAsync(name)).Visitor);
            for (var time = 0; time < 2; time++)
                await app.CodeAsync();
        },
        ["registered"] = async (identity, name) =>
        {
            await identity.Visitor().SubmitAsync("/account/register", ("Name", name), ("Email", $"{name}@example.com"));
            await identity
                .Visitor()
                .SubmitAsync(await identity.LinkAsync($"{name}@example.com"), ("Password", NewPassword));
        },
        ["registered: upstream"] = async (identity, name) => await ArriveAsync(identity, name),
        ["login-added"] = async (identity, name) => await ArriveAsync(identity, name),
        ["login-added: by its owner"] = async (identity, name) => await LinkAsync(identity, name),
        ["login-removed"] = async (identity, name) =>
            await (await LinkAsync(identity, name)).SubmitToAsync(
                "/account/logins",
                "/account/logins",
                ("Issuer", identity.Upstream.Issuer),
                ("Subject", identity.Upstream.Subject.ToString())
            ),
        ["password-reset"] = async (identity, name) =>
        {
            var user = await identity.AddAccountAsync(name);
            await identity.Visitor().SubmitAsync("/account/forgot-password", ("Email", user.Email));
            await identity.Visitor().SubmitAsync(await identity.LinkAsync(user.Email), ("Password", NewPassword));
        },
        ["password-changed"] = async (identity, name) =>
            await (await identity.SignedInAsync(name)).Visitor.SubmitAsync(
                "/account/change-password",
                ("Current", IdentityUnderTest.Password),
                ("Password", NewPassword)
            ),
        ["address-change-asked"] = async (identity, name) =>
            await (await identity.SignedInAsync(name)).Visitor.SubmitAsync(
                "/account/address",
                ("Email", $"{name}.new@example.com")
            ),
        ["address-changed"] = async (identity, name) =>
        {
            var (_, visitor) = await identity.SignedInAsync(name);
            await visitor.SubmitAsync("/account/address", ("Email", $"{name}.new@example.com"));
            await visitor.SubmitAsync(await identity.LinkAsync($"{name}.new@example.com"));
        },
        ["second-factor-on"] = async (identity, name) =>
            await identity.AddAuthenticatorAsync((await identity.SignedInAsync(name)).Visitor),
        ["recovery-codes-renewed"] = async (identity, name) =>
            await (await WithAuthenticatorAsync(identity, name)).SubmitFormAsync(
                "/account/authenticator",
                "handler=Codes"
            ),
        ["second-factor-off"] = async (identity, name) =>
            await (await WithAuthenticatorAsync(identity, name)).SubmitFormAsync(
                "/account/authenticator",
                "handler=Off"
            ),
        ["sessions-ended"] = async (identity, name) =>
        {
            var (user, visitor) = await identity.SignedInAsync(name);
            await identity.Visitor().SignInAsync(user.Email);
            await visitor.SubmitFormAsync("/account/devices", "handler=Others");
        },
        ["account-exported"] = async (identity, name) =>
            await (await identity.SignedInAsync(name)).Visitor.SubmitFormAsync("/account/data", "handler=Export"),
        ["account-deleted"] = async (identity, name) =>
        {
            var (user, visitor) = await identity.SignedInAsync(name);
            await visitor.SubmitFormAsync("/account/data", "handler=Delete", ("Confirmation", user.Email));
        },
    };

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static TheoryData<string> Names => [.. Acts.Keys];

    [Theory, Trait("Check", "O01")]
    [MemberData(nameof(Names))]
    public async Task Event_IsOneAuditEntryOneLogEventAndOneMetric(string act)
    {
        var action = act.Split(':')[0];
        var name = $"person-{act.Length}-{Guid.NewGuid():N}"[..30];
        var (last, logged, counted, began) = (
            await LastAsync(),
            identity.Log.Count,
            identity.Counted.Count,
            identity.Clock.GetUtcNow()
        );
        await Acts[act](identity, name);

        await using var db = identity.Database.Connect();
        var row = (
            await db.AuditEntries.Where(entry => entry.Id > last && entry.Action == action).ToListAsync(Cancellation)
        ).ShouldHaveSingleItem();
        var logEvent = identity.Log.Skip(logged).Where(written => written.Name == action).ShouldHaveSingleItem();
        identity.Counted.Skip(counted).Count(happened => happened == action).ShouldBe(1);

        row.Service.ShouldBe("lightning_identity");
        row.At.ShouldBeInRange(began, identity.Clock.GetUtcNow());
        row.Ip.ShouldBe(IdentityWithEventLog.Ip);
        logEvent.Parts["Ip"].ShouldBe(IdentityWithEventLog.Ip);
        logEvent.Parts["UserId"].ShouldBe(row.UserId);
        // A known user is named; the log identifies a session by its hash.
        (row.UserId is null).ShouldBe(
            act
                is "sign-in-failed: no account"
                    or "sign-in-failed: exchange"
                    or "sign-in-failed: exchange of no token"
                    or "sign-in-failed: cancelled"
        );
        if (row.SessionId is { } sid)
        {
            logEvent.Parts["SessionLogId"]!.ToString().ShouldBe(new SessionLogId(sid).ToString());
            logEvent.Text.ShouldContain(new SessionLogId(sid).ToString());
            logEvent.Text.ShouldNotContain(sid.ToString());
        }
        // Neither the audit log nor the log contains input or names.
        foreach (var text in new[] { logEvent.Text, row.Details ?? "" })
            text.ShouldNotContain(name);
    }

    [Theory, Trait("Check", "O01")]
    [InlineData("sign-in-failed: wrong password", """{"method": "pwd", "reason": "wrong password or no account"}""")]
    [InlineData("sign-in-failed: no account", """{"method": "pwd", "reason": "wrong password or no account"}""")]
    [InlineData("signed-in", """{"methods": ["pwd"]}""")]
    [InlineData("signed-in: exchange", """{"methods": ["fed"]}""")]
    public async Task SignIn_AuditEntry_ContainsTheMethod(string act, string details)
    {
        var last = await LastAsync();
        await Acts[act](identity, $"method-{Guid.NewGuid():N}"[..30]);
        await using var db = identity.Database.Connect();
        (
            await db
                .AuditEntries.Where(entry => entry.Id > last && entry.Action == act.Split(':', 2)[0])
                .ToListAsync(Cancellation)
        )
            .ShouldHaveSingleItem()
            .Details.ShouldBe(details);
    }

    async Task<long> LastAsync() =>
        (long)(await identity.Database.ExecuteAsync("SELECT coalesce(max(id), 0) FROM audit.entries"))!;

    static async Task<(RelyingParty Bff, string Used)> RefreshAsync(IdentityUnderTest identity, string name)
    {
        var bff = identity.Bff((await identity.SignedInAsync(name)).Visitor);
        var token = (await bff.TokensAsync())["refresh_token"]!;
        (await bff.RefreshAsync(token)).Status.ShouldBe(HttpStatusCode.OK);
        return (bff, token);
    }

    static async Task<Visitor> WithAuthenticatorAsync(IdentityUnderTest identity, string name)
    {
        var (_, visitor) = await identity.SignedInAsync(name);
        await identity.AddAuthenticatorAsync(visitor);
        return visitor;
    }

    static async Task<(User User, string[] Codes, Visitor Next)> BeforeTheSecondStepAsync(
        IdentityUnderTest identity,
        string name
    )
    {
        var (user, visitor) = await identity.SignedInAsync(name);
        var (_, codes) = await identity.AddAuthenticatorAsync(visitor);
        var next = identity.Visitor();
        await next.SignInAsync(user.Email);
        return (user, codes, next);
    }

    static async Task<Answer> ExchangeAsync(IdentityWithUpstream identity, string name, bool verified = true)
    {
        var app = identity.Native(identity.Visitor());
        IdentityWithUpstream.Newcomer(identity.Upstream, $"{name.Replace(' ', '-')}@example.org", verified);
        var nonce = (await app.PostAsync("/connect/nonce"))["nonce"]!;
        var token =
            name == "no token"
                ? name
                : identity.Upstream.NewIdToken(nonce, audience: IdentityWithUpstream.AppAtUpstream);
        return await app.PostAsync(
            "/connect/token",
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("subject_token", token),
            ("subject_token_type", "urn:ietf:params:oauth:token-type:id_token"),
            ("scope", RelyingParty.FullScope)
        );
    }

    static async Task<Visitor> ArriveAsync(IdentityWithUpstream identity, string name)
    {
        IdentityWithUpstream.Newcomer(identity.Upstream, $"{name}@example.org");
        var visitor = identity.Visitor();
        await IdentityWithUpstream.GoAsync(visitor);
        (await visitor.GetAsync("/account/upstream")).StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        return visitor;
    }

    static async Task<Visitor> LinkAsync(IdentityWithUpstream identity, string name)
    {
        var (_, visitor) = await identity.SignedInAsync(name);
        IdentityWithUpstream.Newcomer(identity.Upstream, "somewhere@example.org", verified: false);
        await IdentityWithUpstream.GoAsync(visitor, page: "/account/logins", fields: ("Link", "true"));
        await visitor.SubmitToAsync("/account/upstream", "/account/upstream?handler=link");
        return visitor;
    }
}
