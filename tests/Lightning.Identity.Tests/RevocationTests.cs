using System.Net;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Identity.Tests;

public class RevocationTests(IdentityUnderTest identity) : IClassFixture<IdentityUnderTest>
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory, Trait("Check", "A17")]
    [InlineData("refresh_token", null)]
    [InlineData("access_token", null)]
    [InlineData("refresh_token", "access_token")]
    [InlineData("access_token", "nonsense")]
    public async Task Revoke_AnyTokenOfAGrant_RevokesAllOfThem(string named, string? hint)
    {
        var (user, visitor) = await identity.SignedInAsync($"ada{named}{hint}");
        var bff = identity.Bff(visitor);
        var first = await bff.TokensAsync();
        var second = await bff.RefreshAsync(first["refresh_token"]!);
        (
            await bff.PostAsync("/connect/revocation", ("token", second[named]), ("token_type_hint", hint))
        ).Status.ShouldBe(HttpStatusCode.OK);

        (await bff.RefreshAsync(second["refresh_token"]!)).Error.ShouldBe("invalid_grant");
        foreach (var token in new[] { first["access_token"], second["access_token"], second["refresh_token"] })
            (await bff.PostAsync("/connect/introspection", ("token", token)))["active"].ShouldBe("False");
        using var claims = await bff.UserInfoAsync(first["access_token"]!);
        claims.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        (await identity.IsActiveAsync(user.Id)).ShouldBeTrue("revoking tokens does not sign out");
        await using var db = identity.Database.Connect();
        var entry = await db.AuditEntries.SingleAsync(
            entry => entry.UserId == user.Id && entry.Action == "grant-revoked",
            Cancellation
        );
        (entry.SubjectType, entry.SubjectId).ShouldBe(("client", "lightning-bff"));
    }

    [Fact, Trait("Check", "A17")]
    public async Task Revoke_OneGrantOfASharedSession_KeepsTheOthers()
    {
        var (_, visitor) = await identity.SignedInAsync("bob");
        var (bff, admin) = (identity.Bff(visitor), identity.Admin(visitor));
        var (revoked, newer, other) = (await bff.TokensAsync(), await bff.TokensAsync(), await admin.TokensAsync());
        await bff.PostAsync("/connect/revocation", ("token", revoked["refresh_token"]));
        (await bff.PostAsync("/connect/introspection", ("token", newer["access_token"])))["active"].ShouldBe("True");
        (await admin.PostAsync("/connect/introspection", ("token", other["access_token"])))["active"].ShouldBe("True");
        // Using it again is refused but does not count as reuse, so the session continues.
        (await bff.RefreshAsync(revoked["refresh_token"]!)).Error.ShouldBe("invalid_grant");
        (await bff.RefreshAsync(newer["refresh_token"]!)).Status.ShouldBe(HttpStatusCode.OK);
        (await admin.RefreshAsync(other["refresh_token"]!)).Status.ShouldBe(HttpStatusCode.OK);
    }

    [Theory, Trait("Check", "A17")]
    [InlineData("refresh_token")]
    [InlineData("access_token")]
    public async Task Revoke_AnotherClientsToken_IsRefused(string named)
    {
        var (_, visitor) = await identity.SignedInAsync($"carol{named}");
        var bff = identity.Bff(visitor);
        var tokens = await bff.TokensAsync();
        foreach (var stranger in new[] { identity.Admin(visitor), identity.Native(visitor) })
        {
            var answer = await stranger.PostAsync("/connect/revocation", ("token", tokens[named]));
            (answer.Status, answer.Error).ShouldBe((HttpStatusCode.BadRequest, "invalid_grant"));
        }
        (await bff.PostAsync("/connect/introspection", ("token", tokens[named])))["active"].ShouldBe("True");
        (await bff.RefreshAsync(tokens["refresh_token"]!)).Status.ShouldBe(HttpStatusCode.OK);
    }

    [Fact, Trait("Check", "A17")]
    public async Task Revoke_PublicClientsOwnToken_Succeeds()
    {
        var (_, visitor) = await identity.SignedInAsync("dave");
        var native = identity.Native(visitor);
        var tokens = await native.TokensAsync();
        (await native.PostAsync("/connect/revocation", ("token", tokens["refresh_token"]))).Status.ShouldBe(
            HttpStatusCode.OK
        );
        (await native.RefreshAsync(tokens["refresh_token"]!)).Error.ShouldBe("invalid_grant");
    }

    [Fact, Trait("Check", "A17")]
    public async Task Revoke_UnknownOrRevokedToken_Succeeds()
    {
        var (_, visitor) = await identity.SignedInAsync("erin");
        var bff = identity.Bff(visitor);
        var token = (await bff.TokensAsync())["refresh_token"];
        foreach (var named in new[] { "nonsense", "a.b.c", token, token })
            (await bff.PostAsync("/connect/revocation", ("token", named))).Status.ShouldBe(HttpStatusCode.OK);
    }

    [Theory, Trait("Check", "A17")]
    [InlineData("client_secret", "wrong", "invalid_client")]
    [InlineData("client_secret", null, "invalid_client")]
    [InlineData("client_id", "unknown-client", "invalid_client")]
    [InlineData("token", null, "invalid_request")]
    public async Task Revoke_WithoutClientAuthenticationOrToken_IsRefused(string name, string? value, string error)
    {
        var (_, visitor) = await identity.SignedInAsync($"frank{name}{value}");
        var bff = identity.Bff(visitor);
        var token = (await bff.TokensAsync())["refresh_token"]!;
        (await bff.PostAsync("/connect/revocation", ("token", token), (name, value))).Error.ShouldBe(error);
        (await bff.RefreshAsync(token)).Status.ShouldBe(HttpStatusCode.OK);
    }

    [Fact, Trait("Check", "A17")]
    public async Task Revoke_ConcurrentWithRefresh_LeavesNoActiveToken()
    {
        var (_, visitor) = await identity.SignedInAsync("grace");
        var bff = identity.Bff(visitor);
        for (var round = 0; round < 25; round++)
        {
            var token = (await bff.TokensAsync())["refresh_token"]!;
            var (refresh, revoke) = (bff.RefreshAsync(token), bff.PostAsync("/connect/revocation", ("token", token)));
            await Task.WhenAll(refresh, revoke);
            if ((await refresh)["refresh_token"] is { } next)
                (await bff.RefreshAsync(next)).Error.ShouldBe("invalid_grant");
        }
    }
}
