using System.Net;
using Lightning.Data.Impersonation;
using Lightning.Data.Users;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Identity.Tests;

/// <summary>
/// Impersonation: the session that a ticket of the admin site starts, and its limits.
/// </summary>
public sealed class ImpersonationTests(IdentityUnderTest identity) : IClassFixture<IdentityUnderTest>
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Impersonation_InAdministratorsBrowser_StartsSessionWithActor()
    {
        var (root, ada, code) = await AskedAsync();
        var bff = identity.Bff(root.Visitor);
        var answer = await bff.RedeemAsync(RelyingParty.Callback(await ShowAsync(bff, root.Visitor, code))["code"]);
        answer.Status.ShouldBe(HttpStatusCode.OK);
        foreach (var token in new[] { answer["access_token"]!, answer["id_token"]! })
        {
            var claims = new Claims(token);
            claims["sub"].ShouldBe(ada.Subject);
            claims.Payload.GetProperty("act").GetRawText().ShouldBe($$"""{"sub":"{{root.User.Subject}}"}""");
            claims.Number("auth_time").ShouldBe(0, "the person has proved nothing");
        }
        await using var db = identity.Database.Connect();
        var session = await db.Sessions.SingleAsync(session => session.UserId == ada.Id, Cancellation);
        (session.Id.ToString(), session.ActorId, session.ActorSessionId).ShouldBe(
            (new Claims(answer["access_token"]!)["sid"], root.User.Id, root.Sid)
        );
        (session.EndsAt - identity.Clock.GetUtcNow()).ShouldBe(TimeSpan.FromMinutes(30), TimeSpan.FromSeconds(1));
        var line = await db.AuditEntries.SingleAsync(
            entry => entry.Action == "acting-started" && entry.SubjectId == ada.Id.ToString(),
            Cancellation
        );
        (line.UserId, line.SessionId, line.SubjectType).ShouldBe((root.User.Id, root.Sid, "user"));
        line.Details!.ShouldContain("Ticket 42");

        // At this provider, the browser is still signed in as the administrator.
        (await root.Visitor.ReadAsync("/account")).ShouldContain(root.User.Email);
        (await root.Visitor.ReadAsync("/account")).ShouldNotContain(ada.Email);
        // A refresh keeps the actor and does not extend the session.
        var next = await bff.PostAsync(
            "/connect/token",
            ("grant_type", "refresh_token"),
            ("refresh_token", answer["refresh_token"]!)
        );
        new Claims(next["access_token"]!)
            .Payload.GetProperty("act")
            .GetProperty("sub")
            .GetString()
            .ShouldBe(root.User.Subject);
        var introspected = await bff.PostAsync("/connect/introspection", ("token", next["access_token"]!));
        introspected
            .Body.GetRawText()
            .ShouldContain(
                $$"""
                "act":{"sub":"{{root.User.Subject}}"}
                """.Trim()
            );
        identity.Clock.Advance(TimeSpan.FromMinutes(31));
        (
            await bff.PostAsync(
                "/connect/token",
                ("grant_type", "refresh_token"),
                ("refresh_token", next["refresh_token"]!)
            )
        ).Error.ShouldBe("invalid_grant");
        (await bff.PostAsync("/connect/introspection", ("token", next["access_token"]!)))
            .Body.GetRawText()
            .ShouldBe("""{"active":false}""");
    }

    [Fact]
    public async Task ImpersonationTicket_ReusedExpiredOrInAnotherBrowser_IsRefused()
    {
        var (root, ada, code) = await AskedAsync();
        (await ShowAsync(identity.Bff(root.Visitor), root.Visitor, code)).Headers.Location!.Query.ShouldContain(
            "code="
        );
        await RefusedAsync(root.Visitor, code, "used before");

        // A leaked link is opened by another administrator, a user, or someone who is not signed in. Each use
        // invalidates it.
        var (other, _) = await AdministratorAsync();
        var (_, stranger) = await identity.SignedInAsync($"stranger-{Guid.NewGuid():N}");
        foreach (var finder in new[] { other.Visitor, stranger, identity.Visitor() })
        {
            var leaked = await AskAsync(root, ada);
            await RefusedAsync(finder, leaked, "another browser");
            await RefusedAsync(root.Visitor, leaked, "used before");
        }

        var late = await AskAsync(root, ada);
        identity.Clock.Advance(TimeSpan.FromSeconds(62));
        await RefusedAsync(root.Visitor, late, "expired");
        await using var db = identity.Database.Connect();
        (await db.Sessions.CountAsync(session => session.UserId == ada.Id, Cancellation)).ShouldBe(1);
        (
            await db.AuditEntries.CountAsync(
                entry => entry.Action == "acting-refused" && entry.SubjectId == ada.Id.ToString(),
                Cancellation
            )
        ).ShouldBe(4);
    }

    [Fact]
    public async Task ImpersonationTicket_UsedInParallel_StartsOneSession()
    {
        var (root, ada, code) = await AskedAsync();
        var requests = new List<string>();
        for (var i = 0; i < 12; i++)
            requests.Add(await PushAsync(identity.Bff(root.Visitor), code));
        var answers = await Task.WhenAll(requests.Select(request => root.Visitor.GetAsync(request)));
        answers
            .Count(answer =>
                answer.Headers.Location!.Query.Contains("?code=", StringComparison.Ordinal)
                || answer.Headers.Location.Query.Contains("&code=", StringComparison.Ordinal)
            )
            .ShouldBe(1);
        await using var db = identity.Database.Connect();
        (await db.Sessions.CountAsync(session => session.UserId == ada.Id, Cancellation)).ShouldBe(1);
    }

    public static TheoryData<string, string> ChangedRights =>
        new()
        {
            { "UPDATE app.users SET is_admin = false WHERE id = '{root}'", "Only administrators" },
            { "UPDATE app.users SET disabled_at = now() WHERE id = '{root}'", "another browser" },
            { "SELECT identity.end_session('{sid}', 'signed-out')", "another browser" },
            { "UPDATE app.users SET is_admin = true WHERE id = '{ada}'", "Administrators cannot be impersonated" },
            { "UPDATE app.users SET disabled_at = now() WHERE id = '{ada}'", "is disabled" },
        };

    [Theory]
    [MemberData(nameof(ChangedRights))]
    public async Task ImpersonationTicket_RightsChangedSince_IsRefused(string change, string reason)
    {
        var (root, ada, code) = await AskedAsync();
        await identity.Database.ExecuteAsync(
            change
                .Replace("{root}", root.User.Id.ToString(), StringComparison.Ordinal)
                .Replace("{sid}", root.Sid.ToString(), StringComparison.Ordinal)
                .Replace("{ada}", ada.Id.ToString(), StringComparison.Ordinal)
        );
        await RefusedAsync(root.Visitor, code, reason);
        (await identity.IsActiveAsync(ada.Id)).ShouldBeFalse();
    }

    /// <summary>
    /// An attacker can make an administrator open a link, but without a ticket of the administrator's own session it
    /// does nothing.
    /// </summary>
    [Fact]
    public async Task ImpersonationTicket_OfAnotherBrowserOrInvalid_KeepsOwnSession()
    {
        var (root, ada, code) = await AskedAsync();
        var (victim, mine) = await AdministratorAsync();
        await RefusedAsync(victim.Visitor, code, "another browser");
        await RefusedAsync(victim.Visitor, ImpersonationTicket.Create().Code, "unknown");
        (await victim.Visitor.ReadAsync("/account")).ShouldContain(victim.User.Email);
        (await identity.IsActiveAsync(ada.Id)).ShouldBeFalse();
        root.User.Id.ShouldNotBe(mine);
    }

    [Fact]
    public async Task ImpersonationTicket_OtherClientOrNotPushed_IsRefused()
    {
        var (root, ada, code) = await AskedAsync();
        foreach (var client in new[] { identity.Admin(root.Visitor), identity.Native(root.Visitor) })
            (
                await client.PostAsync(
                    "/connect/par",
                    [.. client.Request(("acting", code)).Select(pair => (pair.Key, pair.Value))]
                )
            ).Error.ShouldBe("unauthorized_client");
        var bff = identity.Bff(root.Visitor);
        RelyingParty.Callback(await bff.AuthorizeAsync(("acting", code)))["error"].ShouldBe("invalid_request");
        (await identity.IsActiveAsync(ada.Id)).ShouldBeFalse();
        // It was not used, and it is not stored in clear text.
        await PushAsync(bff, code);
        (
            await identity.Database.ExecuteAsync(
                $"SELECT count(*) FROM identity.authorizations WHERE parameters::text LIKE '%{code}%'"
            )
        ).ShouldBe(0L);
        (await ShowAsync(bff, root.Visitor, code)).Headers.Location!.Query.ShouldContain("code=");
    }

    [Fact]
    public async Task Impersonation_AdministratorsSessionEnds_RevokesItsTokens()
    {
        var (root, ada, code) = await AskedAsync();
        var bff = identity.Bff(root.Visitor);
        var answer = await bff.RedeemAsync(RelyingParty.Callback(await ShowAsync(bff, root.Visitor, code))["code"]);
        (await bff.UserInfoAsync(answer["access_token"]!)).StatusCode.ShouldBe(HttpStatusCode.OK);
        await root.Visitor.SubmitAsync("/account/sign-out");
        (await bff.UserInfoAsync(answer["access_token"]!)).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        (
            await bff.PostAsync(
                "/connect/token",
                ("grant_type", "refresh_token"),
                ("refresh_token", answer["refresh_token"]!)
            )
        ).Error.ShouldBe("invalid_grant");
        (await identity.IsActiveAsync(ada.Id)).ShouldBeFalse();
    }

    sealed record Administrator(User User, Visitor Visitor, Guid Sid);

    async Task<(Administrator Root, Guid Id)> AdministratorAsync()
    {
        var (user, visitor) = await identity.SignedInAsync($"root-{Guid.NewGuid():N}");
        await identity.Database.ExecuteAsync($"UPDATE app.users SET is_admin = true WHERE id = '{user.Id}'");
        await using var db = identity.Database.Connect();
        var session = await db.Sessions.SingleAsync(session => session.UserId == user.Id, Cancellation);
        return (new(user, visitor, session.Id), user.Id);
    }

    async Task<(Administrator Root, User Ada, string Code)> AskedAsync()
    {
        var (root, _) = await AdministratorAsync();
        var ada = await identity.AddAccountAsync($"ada-{Guid.NewGuid():N}");
        return (root, ada, await AskAsync(root, ada));
    }

    /// <summary>Creates a ticket as the admin site does, with its database role and the test's clock.</summary>
    async Task<string> AskAsync(Administrator root, User ada)
    {
        var (code, hash) = ImpersonationTicket.Create();
        await using var admin = identity.Database.ConnectAs("admin");
        await identity.Database.ExecuteAsync($"UPDATE identity.sessions SET auth_time = now() WHERE id = '{root.Sid}'");
        (
            await admin
                .Database.SqlQuery<bool>(
                    $"""SELECT identity.hand_over({hash}, {ada.Id}, {root.Sid}, {"Ticket 42"}, false) AS "Value" """
                )
                .ToListAsync(Cancellation)
        ).ShouldBe([true]);
        await using var db = identity.Database.Connect();
        var now = identity.Clock.GetUtcNow();
        await db
            .ImpersonationTickets.Where(row => row.CodeHash == hash)
            .ExecuteUpdateAsync(update => update.SetProperty(row => row.CreatedAt, now), Cancellation);
        return code;
    }

    static async Task<string> PushAsync(RelyingParty client, string code)
    {
        var pushed = await client.PostAsync(
            "/connect/par",
            [.. client.Request(("acting", code)).Select(pair => (pair.Key, pair.Value))]
        );
        pushed.Status.ShouldBe(HttpStatusCode.Created);
        return QueryHelpers.AddQueryString(
            "/connect/authorize",
            new Dictionary<string, string?>(StringComparer.Ordinal)
            {
                ["client_id"] = client.ClientId,
                ["request_uri"] = pushed["request_uri"],
            }
        );
    }

    /// <summary>Redeems a ticket as the BFF does, in a browser.</summary>
    static async Task<HttpResponseMessage> ShowAsync(RelyingParty client, Visitor visitor, string code) =>
        await visitor.GetAsync(await PushAsync(client, code));

    async Task RefusedAsync(Visitor visitor, string code, string reason)
    {
        var callback = RelyingParty.Callback(await ShowAsync(identity.Bff(visitor), visitor, code));
        callback.GetValueOrDefault("error").ShouldBe("access_denied", reason);
        callback["error_description"].ShouldContain(reason);
        callback.ShouldNotContainKey("code");
    }
}
