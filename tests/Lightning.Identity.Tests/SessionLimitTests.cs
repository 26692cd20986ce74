using Lightning.Data;
using Lightning.Data.Accounts;
using Lightning.Data.Users;
using Lightning.Identity.SignIn;
using Lightning.Testing;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Lightning.Identity.Tests;

public sealed class IdentityWithASessionLimit(PostgresServer server) : IdentityUnderTest(server)
{
    public const int Most = 2;

    protected override IEnumerable<(string Key, string Value)> Settings => [("Sessions:MostPerUser", $"{Most}")];
}

/// <summary>The limit of sessions of one user.</summary>
public sealed class SessionLimitTests(IdentityWithASessionLimit identity) : IClassFixture<IdentityWithASessionLimit>
{
    const int Races = 200;
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Check", "L15")]
    public async Task SignIn_BeyondSessionLimit_EndsOldestSession()
    {
        var user = await identity.AddAccountAsync("ada");
        var browsers = new List<Visitor>();
        for (var i = 0; i < 4; i++)
        {
            browsers.Add(identity.Visitor());
            (await browsers[i].SignInAsync(user.Email)).StatusCode.ShouldBe(System.Net.HttpStatusCode.SeeOther);
            identity.Clock.Advance(TimeSpan.FromMinutes(1));
        }
        var alive = new List<bool>();
        foreach (var browser in browsers)
            alive.Add((await browser.GetAsync("/account")).StatusCode == System.Net.HttpStatusCode.OK);
        alive.ShouldBe([false, false, true, true]);
        await using var db = identity.Database.Connect();
        (
            await db
                .Sessions.Where(session => session.UserId == user.Id)
                .OrderBy(session => session.CreatedAt)
                .Select(session => session.EndReason)
                .ToListAsync(Cancellation)
        ).ShouldBe(["evicted", "evicted", null, null]);
        (
            await db.AuditEntries.CountAsync(
                entry => entry.UserId == user.Id && entry.Action == "sessions-evicted",
                Cancellation
            )
        ).ShouldBe(2);

        // Signing in again in the same browser starts no other session.
        await browsers[2].SignInAsync(user.Email);
        (await browsers[3].GetAsync("/account")).StatusCode.ShouldBe(System.Net.HttpStatusCode.OK);
    }

    [Fact]
    [Trait("Check", "L15")]
    public async Task SignIn_WithIdleSession_EndsNoActiveSession()
    {
        var user = await identity.AddAccountAsync("bob");
        var (first, idle) = (identity.Visitor(), identity.Visitor());
        await first.SignInAsync(user.Email);
        identity.Clock.Advance(TimeSpan.FromMinutes(1));
        await idle.SignInAsync(user.Email);
        identity.Clock.Advance(TimeSpan.FromHours(11));
        (await first.GetAsync("/account")).StatusCode.ShouldBe(System.Net.HttpStatusCode.OK);
        identity.Clock.Advance(TimeSpan.FromHours(2));
        await identity.Visitor().SignInAsync(user.Email);
        (await first.GetAsync("/account")).StatusCode.ShouldBe(System.Net.HttpStatusCode.OK);
    }

    [Fact]
    [Trait("Check", "L15")]
    public async Task SignIns_InParallel_StayWithinSessionLimit() => (await BeyondAsync("calm")).ShouldBe(0);

    [Fact]
    [Trait("Check", "L15")]
    public async Task SignIns_InParallelWithoutLock_ExceedSessionLimit()
    {
        var function = (string)
            (
                await identity.Database.ExecuteAsync(
                    "SELECT pg_get_functiondef('identity.keep_newest_sessions'::regproc)"
                )
            )!;
        var forgetful = function.Replace("PERFORM pg_advisory_xact_lock(", "PERFORM abs(", StringComparison.Ordinal);
        forgetful.ShouldNotBe(function);
        await identity.Database.ExecuteAsync(forgetful);
        try
        {
            (await BeyondAsync("hasty")).ShouldBeGreaterThan(0);
        }
        finally
        {
            await identity.Database.ExecuteAsync(function);
        }
    }

    /// <summary>
    /// How many users exceed the session limit after two parallel sign-ins each at the limit.
    /// </summary>
    async Task<int> BeyondAsync(string name)
    {
        var people = new List<User>();
        await using (var db = identity.Database.Connect())
            for (var number = 0; number < Races; number++)
            {
                var user = await db.AddUserAsync($"{name}{number}");
                db.Accounts.Add(
                    new Account
                    {
                        Id = user.Id,
                        UserName = user.Email,
                        Email = user.Email,
                        Name = user.Name,
                        SecurityStamp = "stamp",
                    }
                );
                for (var i = 0; i < IdentityWithASessionLimit.Most; i++)
                    await db.AddSessionAsync(user);
                people.Add(user);
            }
        // By the test clock, which other tests have moved.
        await identity.Database.ExecuteAsync(
            $"UPDATE identity.sessions SET last_seen_at = '{identity.Clock.GetUtcNow():O}' WHERE ended_at IS NULL"
        );
        await Parallel.ForEachAsync(
            people,
            new ParallelOptions { MaxDegreeOfParallelism = 4, CancellationToken = Cancellation },
            async (user, _) => await Task.WhenAll(BeginAsync(user), BeginAsync(user))
        );
        await using var after = identity.Database.Connect();
        var ids = people.Select(user => user.Id).ToArray();
        var living = await after
            .Sessions.Where(session => ids.Contains(session.UserId) && session.EndedAt == null)
            .GroupBy(session => session.UserId)
            .Select(sessions => sessions.Count())
            .ToListAsync(Cancellation);
        living.Count.ShouldBe(Races);
        living.ShouldAllBe(count => count >= IdentityWithASessionLimit.Most);
        return living.Count(count => count > IdentityWithASessionLimit.Most);
    }

    async Task BeginAsync(User user)
    {
        await using var scope = identity.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<LightningDb>();
        await using var transaction = await db.Database.BeginTransactionAsync(Cancellation);
        (
            await scope
                .ServiceProvider.GetRequiredService<BrowserSessions>()
                .BeginAsync(
                    new DefaultHttpContext { RequestServices = scope.ServiceProvider },
                    new Account
                    {
                        Id = user.Id,
                        UserName = user.Email,
                        Email = user.Email,
                        Name = user.Name,
                        SecurityStamp = "stamp",
                    },
                    DateTimeOffset.UtcNow,
                    "pwd"
                )
        ).ShouldNotBeNull();
        await transaction.CommitAsync(Cancellation);
    }
}
