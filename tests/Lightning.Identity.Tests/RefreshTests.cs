using System.Net;
using Lightning.Identity.Secrets;
using Lightning.Testing;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Identity.Tests;

public class RefreshTests(IdentityUnderTest identity) : IClassFixture<IdentityUnderTest>
{
    const int Parallel = 50;

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact, Trait("Check", "A11")]
    public async Task Refresh_ReturnsNewRefreshToken()
    {
        var (_, visitor) = await identity.SignedInAsync("ada");
        var bff = identity.Bff(visitor);
        var first = await bff.TokensAsync();
        var second = await bff.RefreshAsync(first["refresh_token"]!);
        var third = await bff.RefreshAsync(second["refresh_token"]!);
        new[] { first, second, third }.Select(answer => answer["refresh_token"]).Distinct().Count().ShouldBe(3);
        var (before, after) = (new Claims(first["id_token"]!), new Claims(third["id_token"]!));
        after["sid"].ShouldBe(before["sid"]);
        after["auth_time"].ShouldBe(before["auth_time"]);
        after.Names.ShouldNotContain("nonce");
    }

    [Fact, Trait("Check", "A12")]
    public async Task Refresh_UsedToken_EndsFamilyAndSession()
    {
        var (user, visitor) = await identity.SignedInAsync("bob");
        var bff = identity.Bff(visitor);
        var first = await bff.TokensAsync();
        var second = await bff.RefreshAsync(first["refresh_token"]!);
        (await bff.RefreshAsync(first["refresh_token"]!)).Error.ShouldBe("invalid_grant");
        (await bff.RefreshAsync(second["refresh_token"]!)).Error.ShouldBe("invalid_grant");
        (await bff.UserInfoAsync(second["access_token"]!)).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        await using var db = identity.Database.Connect();
        (await db.Sessions.SingleAsync(session => session.UserId == user.Id, Cancellation)).EndReason.ShouldBe(
            "refresh-token-reuse"
        );
        using var again = await bff.AuthorizeAsync();
        again.Headers.Location!.ToString().ShouldStartWith("/account/sign-in");
    }

    [Fact, Trait("Check", "A11"), Trait("Check", "A12")]
    public async Task Refresh_FiftyInParallel_OneSucceedsAndTheSessionEnds()
    {
        var (user, visitor) = await identity.SignedInAsync("parallel");
        var bff = identity.Bff(visitor);
        var token = (await bff.TokensAsync())["refresh_token"]!;
        var answers = await Task.WhenAll(Enumerable.Range(0, Parallel).Select(_ => bff.RefreshAsync(token)));
        answers.Count(answer => answer.Status == HttpStatusCode.OK).ShouldBe(1);
        answers
            .Where(answer => answer.Status != HttpStatusCode.OK)
            .ShouldAllBe(answer => answer.Error == "invalid_grant");
        (await identity.IsActiveAsync(user.Id)).ShouldBeFalse();
        (
            await bff.RefreshAsync(answers.Single(answer => answer.Status == HttpStatusCode.OK)["refresh_token"]!)
        ).Error.ShouldBe("invalid_grant");
        await using var db = identity.Database.Connect();
        (
            await db.AuditEntries.CountAsync(
                entry => entry.UserId == user.Id && entry.Action == "refresh-token-reused",
                Cancellation
            )
        ).ShouldBe(1);
    }

    [Fact, Trait("Check", "A11"), Trait("Check", "A12")]
    public async Task Refresh_FiftyInParallelWithoutLock_IsCaught()
    {
        var (_, visitor) = await identity.SignedInAsync("broken");
        var hash = Secret.Hash((await identity.Bff(visitor).TokensAsync())["refresh_token"]!);
        var allHaveLooked = new TaskCompletionSource();
        var looking = Parallel;
        var wins = await Task.WhenAll(
            Enumerable
                .Range(0, Parallel)
                .Select(async _ =>
                {
                    await using var db = identity.Database.ConnectAs("identity");
                    var row = await db.RefreshTokens.SingleAsync(row => row.TokenHash == hash, Cancellation);
                    var unused = row.UsedAt is null;
                    if (Interlocked.Decrement(ref looking) == 0)
                        allHaveLooked.SetResult();
                    await allHaveLooked.Task;
                    row.UsedAt = DateTimeOffset.UtcNow;
                    await db.SaveChangesAsync(Cancellation);
                    return unused;
                })
        );
        wins.Count(win => win).ShouldBeGreaterThan(1);
    }

    [Fact, Trait("Check", "A15")]
    public async Task Refresh_ByAnotherClient_IsRefusedAndKeepsTokenValid()
    {
        var (user, visitor) = await identity.SignedInAsync("carol");
        var bff = identity.Bff(visitor);
        var token = (await bff.TokensAsync())["refresh_token"]!;
        (await identity.Admin(visitor).RefreshAsync(token)).Error.ShouldBe("invalid_grant");
        (await identity.Native(visitor).RefreshAsync(token)).Error.ShouldBe("invalid_grant");
        (await bff.RefreshAsync(token)).Status.ShouldBe(HttpStatusCode.OK);
        // Only reuse by its own client ends the session.
        (await identity.Admin(visitor).RefreshAsync(token)).Error.ShouldBe("invalid_grant");
        (await identity.IsActiveAsync(user.Id)).ShouldBeTrue();
    }

    [Fact, Trait("Check", "A15")]
    public async Task Refresh_WiderScope_IsRefusedAndNarrowerIsGrantedOnce()
    {
        var (_, visitor) = await identity.SignedInAsync("dave");
        var bff = identity.Bff(visitor);
        var first = await bff.TokensAsync(("scope", "openid profile offline_access"));
        (await bff.RefreshAsync(first["refresh_token"]!, ("scope", "openid lightning"))).Error.ShouldBe(
            "invalid_scope"
        );
        var narrow = await bff.RefreshAsync(first["refresh_token"]!, ("scope", "openid"));
        new Claims(narrow["access_token"]!)["scope"].ShouldBe("openid");
        (await bff.RefreshAsync(narrow["refresh_token"]!))["scope"].ShouldBe("openid profile offline_access");
    }

    [Fact, Trait("Check", "A16")]
    public async Task Refresh_AfterSignOut_IsRefused()
    {
        var (_, visitor) = await identity.SignedInAsync("erin");
        var bff = identity.Bff(visitor);
        var token = (await bff.TokensAsync())["refresh_token"]!;
        (await visitor.SubmitAsync("/account/sign-out")).StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        (await bff.RefreshAsync(token)).Error.ShouldBe("invalid_grant");
    }

    [Fact, Trait("Check", "A16")]
    public async Task Refresh_DisabledUser_IsRefused()
    {
        var (user, visitor) = await identity.SignedInAsync("frank");
        var bff = identity.Bff(visitor);
        var token = (await bff.TokensAsync())["refresh_token"]!;
        await identity.Database.ExecuteAsync($"UPDATE app.users SET disabled_at = now() WHERE id = '{user.Id}'");
        (await bff.RefreshAsync(token)).Error.ShouldBe("invalid_grant");
        (await (await visitor.SignInAsync(user.Email)).Content.ReadAsStringAsync(Cancellation)).ShouldContain(
            "has been disabled"
        );
    }
}

/// <summary>These tests move the clock by days, so they have their own service.</summary>
public class RefreshLifetimeTests(IdentityUnderTest identity) : IClassFixture<IdentityUnderTest>
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact, Trait("Check", "A13"), Trait("Check", "A14")]
    public async Task Refresh_Rotated_DoesNotExtendTheFamily()
    {
        var (user, visitor) = await identity.SignedInAsync("ada");
        var bff = identity.Bff(visitor);
        var token = (await bff.TokensAsync())["refresh_token"]!;
        for (var hours = 0; hours + 11 < 14 * 24; hours += 11)
        {
            identity.Clock.Advance(TimeSpan.FromHours(11));
            var answer = await bff.RefreshAsync(token);
            answer.Status.ShouldBe(HttpStatusCode.OK, $"after {hours + 11} hours");
            token = answer["refresh_token"]!;
        }
        await using (var db = identity.Database.Connect())
        {
            var tokens = await db
                .RefreshTokens.AsNoTracking()
                .Where(row => row.Session!.UserId == user.Id)
                .OrderBy(row => row.CreatedAt)
                .ToListAsync(Cancellation);
            tokens.Count.ShouldBe(31);
            tokens.ShouldAllBe(row => row.ExpiresAt <= row.FamilyEndsAt);
            tokens.Select(row => (row.Family, row.FamilyEndsAt)).Distinct().ShouldHaveSingleItem();
            tokens[^1].FamilyEndsAt.ShouldBe(tokens[0].CreatedAt.AddDays(14));
            tokens[^1].ExpiresAt.ShouldBe(tokens[^1].FamilyEndsAt, "its idle end is later");
        }
        // Only the token's own end can refuse: the session lasts longer, and the idle timeout is twelve hours.
        await identity.Database.ExecuteAsync("UPDATE identity.sessions SET ends_at = ends_at + interval '1 day'");
        identity.Clock.Advance(TimeSpan.FromHours(7));
        (await bff.RefreshAsync(token)).Error.ShouldBe("invalid_grant");
    }

    [Fact, Trait("Check", "A14")]
    public async Task Refresh_AfterIdleTimeout_IsRefused()
    {
        var (_, visitor) = await identity.SignedInAsync("bob");
        var bff = identity.Bff(visitor);
        var token = (await bff.TokensAsync())["refresh_token"]!;
        identity.Clock.Advance(TimeSpan.FromHours(12));
        (await bff.RefreshAsync(token)).Error.ShouldBe("invalid_grant");
        using var redirected = await bff.AuthorizeAsync();
        redirected.Headers.Location!.ToString().ShouldStartWith("/account/sign-in");
    }

    [Theory, Trait("Check", "A14")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Refresh_IdleTokenOfASessionInUse_IsRefused(bool isRotated)
    {
        var (user, visitor) = await identity.SignedInAsync($"idle{isRotated}");
        var (bff, admin) = (identity.Bff(visitor), identity.Admin(visitor));
        var token = (await bff.TokensAsync())["refresh_token"]!;
        if (isRotated)
            token = (await bff.RefreshAsync(token))["refresh_token"]!;
        var other = (await admin.TokensAsync())["refresh_token"]!;

        identity.Clock.Advance(TimeSpan.FromHours(7));
        (await admin.RefreshAsync(other)).Status.ShouldBe(HttpStatusCode.OK);
        identity.Clock.Advance(TimeSpan.FromHours(5));

        (await bff.RefreshAsync(token)).Error.ShouldBe("invalid_grant");
        (await identity.IsActiveAsync(user.Id)).ShouldBeTrue("another client uses the session");
    }
}

public sealed class IdentityWithLeeway(PostgresServer server) : IdentityUnderTest(server)
{
    protected override IEnumerable<(string Key, string Value)> Settings =>
        [("Sessions:RefreshReuseLeeway", "00:00:30")];
}

public class RefreshLeewayTests(IdentityWithLeeway identity) : IClassFixture<IdentityWithLeeway>
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact, Trait("Check", "A12")]
    public async Task Refresh_ReusedWithinLeeway_ReplacesTheLostToken()
    {
        var (user, visitor) = await identity.SignedInAsync("ada");
        var bff = identity.Bff(visitor);
        var first = await bff.TokensAsync();
        var lost = await bff.RefreshAsync(first["refresh_token"]!);
        identity.Clock.Advance(TimeSpan.FromSeconds(29));
        var second = await bff.RefreshAsync(first["refresh_token"]!);
        second.Status.ShouldBe(HttpStatusCode.OK);
        (await bff.RefreshAsync(second["refresh_token"]!)).Status.ShouldBe(HttpStatusCode.OK);
        (await bff.RefreshAsync(lost["refresh_token"]!)).Error.ShouldBe("invalid_grant");
        (await identity.IsActiveAsync(user.Id)).ShouldBeFalse();
    }

    [Fact, Trait("Check", "A12")]
    public async Task Refresh_UsedTokenAfterLeeway_EndsTheSession()
    {
        var (user, visitor) = await identity.SignedInAsync("bob");
        var bff = identity.Bff(visitor);
        var first = await bff.TokensAsync();
        await bff.RefreshAsync(first["refresh_token"]!);
        identity.Clock.Advance(TimeSpan.FromSeconds(30));
        (await bff.RefreshAsync(first["refresh_token"]!)).Error.ShouldBe("invalid_grant");
        (await identity.IsActiveAsync(user.Id)).ShouldBeFalse();
    }

    [Fact, Trait("Check", "A12")]
    public async Task Refresh_OlderUsedTokenWithinLeeway_EndsTheSession()
    {
        var (user, visitor) = await identity.SignedInAsync("carol");
        var bff = identity.Bff(visitor);
        var first = await bff.TokensAsync();
        var second = await bff.RefreshAsync(first["refresh_token"]!);
        identity.Clock.Advance(TimeSpan.FromSeconds(1));
        await bff.RefreshAsync(second["refresh_token"]!);
        (await bff.RefreshAsync(first["refresh_token"]!)).Error.ShouldBe("invalid_grant");
        (await identity.IsActiveAsync(user.Id)).ShouldBeFalse();
    }
}
