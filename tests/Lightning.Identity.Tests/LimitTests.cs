using System.Net;
using System.Threading.RateLimiting;
using Lightning.Identity.Passwords;
using Lightning.Identity.RateLimits;
using Lightning.Testing;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Lightning.Identity.Tests;

public sealed class IdentityWithLowMinuteLimits(PostgresServer server) : IdentityUnderTest(server)
{
    protected override IEnumerable<(string Key, string Value)> Settings =>
        [("Identity:AttemptsPerMinute", "3"), ("Identity:FormsPerMinute", "12")];
}

public sealed class IdentityWithLowHourlyLimits(PostgresServer server) : IdentityUnderTest(server)
{
    protected override IEnumerable<(string Key, string Value)> Settings =>
        [
            ("Identity:AttemptsPerHour", "5"),
            ("Identity:CodesPerHour", "3"),
            ("Identity:MailsPerHour", "3"),
            ("Identity:HashesPerNetwork", "4"),
        ];
}

/// <summary>Rate limits of one account against attempts from many networks (ASVS 5.0, 6.3.1).</summary>
public class AccountLimitTests(IdentityWithLowHourlyLimits identity) : IClassFixture<IdentityWithLowHourlyLimits>
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact, Trait("Check", "U03")]
    public async Task Account_TooManyAttempts_StaysOpenToKnownBrowsers()
    {
        var (user, owner) = await identity.SignedInAsync("ada");
        await owner.SubmitAsync("/account/sign-out");
        var limits = identity.Services.GetRequiredService<AccountRateLimits>();
        // A thousand networks with one attempt each.
        (await TriesAsync(user.Email.ToUpperInvariant())).ShouldBe(4, "five, of which the owner took one");
        (await TriesAsync($"Ada <{user.Email}>\u200B")).ShouldBe(0, "it is the same address");
        (await TriesAsync("unknown@example.com")).ShouldBe(5, "an address without an account has the same limit");
        (await identity.Visitor().SignInAsync(user.Email)).StatusCode.ShouldBe(HttpStatusCode.TooManyRequests);
        (await owner.SignInAsync(user.Email)).StatusCode.ShouldBe(
            HttpStatusCode.SeeOther,
            "the browser was here before"
        );
        // A password reset by mail works from any browser.
        (await identity.Visitor().SubmitAsync("/account/forgot-password", ("Email", user.Email))).StatusCode.ShouldBe(
            HttpStatusCode.SeeOther
        );
        var somewhere = identity.Visitor();
        (
            await somewhere.SubmitAsync(await identity.LinkAsync(user.Email), ("Password", "another set of words"))
        ).StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        (await somewhere.GetAsync("/account")).StatusCode.ShouldBe(HttpStatusCode.OK);
        // A known browser has a limit too, so its cookie does not bypass it.
        var tries = 0;
        while ((await owner.SignInAsync(user.Email, "wrong password")).StatusCode == HttpStatusCode.OK)
            (++tries).ShouldBeLessThan(10);

        async Task<int> TriesAsync(string address)
        {
            var taken = 0;
            for (var number = 0; number < 1000; number++)
                taken += await limits.MayTryAsync(From($"10.0.{number / 250}.{number % 250}"), address) ? 1 : 0;
            return taken;
        }
    }

    [Fact, Trait("Check", "U03")]
    public async Task Codes_TooManyAttempts_AreRefused()
    {
        var (user, visitor) = await identity.SignedInAsync("bob");
        var (key, _) = await identity.AddAuthenticatorAsync(visitor);
        var thief = identity.Visitor();
        await thief.SignInAsync(user.Email);
        for (var attempt = 0; attempt < 3; attempt++)
            (await thief.SubmitAsync("/account/second-step", ("Code", "000000"))).StatusCode.ShouldBe(
                HttpStatusCode.OK
            );
        (await thief.SubmitAsync("/account/second-step", ("Code", identity.CodeOf(key)))).StatusCode.ShouldBe(
            HttpStatusCode.TooManyRequests
        );
        // The owner's browser has its own limit.
        await visitor.SubmitAsync("/account/sign-out");
        await visitor.SignInAsync(user.Email);
        (await visitor.SubmitAsync("/account/second-step", ("Code", identity.CodeOf(key)))).StatusCode.ShouldBe(
            HttpStatusCode.SeeOther
        );
    }

    [Fact, Trait("Check", "U03")]
    public async Task Account_TriedAtSeveralReplicas_HasOneLimit()
    {
        var user = await identity.AddAccountAsync("several");
        Visitor[] thieves =
        [
            identity.Visitor(),
            identity.VisitorOfAnotherReplica(),
            identity.VisitorOfAnotherReplica(),
        ];
        (await GuessAsync(thieves, 8, thief => thief.SignInAsync(user.Email, "wrong password"))).ShouldBe(5);
        // In parallel, each replica sees the attempts of the others.
        var other = await identity.AddAccountAsync("parallel");
        var answers = await Task.WhenAll(
            Enumerable
                .Range(0, 8)
                .SelectMany(_ => thieves)
                .Select(thief =>
                    thief.SubmitToAsync(
                        "/account/sign-in",
                        "/account/sign-in",
                        ("Email", other.Email),
                        ("Password", "wrong password")
                    )
                )
        );
        answers.Count(answer => answer.StatusCode != HttpStatusCode.TooManyRequests).ShouldBe(5);

        // Codes have the same limit.
        var owner = identity.Visitor();
        var third = await identity.AddAccountAsync("codes");
        await owner.SignInAsync(third.Email);
        var (key, _) = await identity.AddAuthenticatorAsync(owner);
        foreach (var thief in thieves)
            await thief.SignInAsync(third.Email);
        (await GuessAsync(thieves, 4, thief => thief.SubmitAsync("/account/second-step", ("Code", "000000")))).ShouldBe(
            3
        );
        (await thieves[0].SubmitAsync("/account/second-step", ("Code", identity.CodeOf(key)))).StatusCode.ShouldBe(
            HttpStatusCode.TooManyRequests
        );

        // With limits in each replica's memory there would be more.
        var memories = thieves
            .Select(_ =>
                PartitionedRateLimiter.Create<string, string>(name =>
                    RateLimitPartition.GetTokenBucketLimiter(
                        name,
                        _ =>
                            new()
                            {
                                TokenLimit = 5,
                                TokensPerPeriod = 1,
                                ReplenishmentPeriod = TimeSpan.FromHours(1),
                            }
                    )
                )
            )
            .ToArray();
        memories
            .Sum(memory => Enumerable.Range(0, 8).Count(_ => memory.AttemptAcquire(user.Email).IsAcquired))
            .ShouldBe(15);
        foreach (var memory in memories)
            await memory.DisposeAsync();

        static async Task<int> GuessAsync(Visitor[] thieves, int each, Func<Visitor, Task<HttpResponseMessage>> guess)
        {
            var taken = 0;
            for (var round = 0; round < each; round++)
                foreach (var thief in thieves)
                    taken += (await guess(thief)).StatusCode == HttpStatusCode.OK ? 1 : 0;
            return taken;
        }
    }

    [Fact, Trait("Check", "U03")]
    public async Task AccountLimit_Reached_RefillsOverTime()
    {
        var user = await identity.AddAccountAsync("patient");
        var limits = identity.Services.GetRequiredService<AccountRateLimits>();
        for (var attempt = 0; attempt < 5; attempt++)
            (await limits.MayTryAsync(From("192.0.2.9"), user.Email)).ShouldBeTrue();
        (await limits.MayTryAsync(From("192.0.2.9"), user.Email)).ShouldBeFalse();
        identity.Clock.Advance(TimeSpan.FromMinutes(12));
        (await limits.MayTryAsync(From("192.0.2.9"), user.Email)).ShouldBeTrue();
        (await limits.MayTryAsync(From("192.0.2.9"), user.Email)).ShouldBeFalse();
        identity.Clock.Advance(TimeSpan.FromDays(1));
        var taken = 0;
        for (var attempt = 0; attempt < 9; attempt++)
            taken += await limits.MayTryAsync(From("192.0.2.9"), user.Email) ? 1 : 0;
        taken.ShouldBe(5, "the limit has refilled, but not beyond its size");
    }

    [Fact, Trait("Check", "U07"), Trait("Check", "U03")]
    public async Task Mails_ToOneAddress_AreLimitedWithoutSayingSo()
    {
        var user = await identity.AddAccountAsync("carol");
        foreach (var address in new[] { user.Email, "unknown@example.com" })
        {
            for (var attempt = 0; attempt < 8; attempt++)
            {
                using var answer = await identity
                    .Visitor()
                    .SubmitAsync(
                        "/account/forgot-password",
                        ("Email", attempt % 2 == 0 ? address : address.ToUpperInvariant())
                    );
                answer.Headers.Location!.ToString().ShouldStartWith("/account/check-mail?");
            }
            // A domain is stored in lower case, and the part before it as it was typed.
            var (name, domain) = (address.Split('@')[0], address.Split('@')[1]);
            (
                (await identity.MailsAsync(address)).Length
                + (await identity.MailsAsync($"{name.ToUpperInvariant()}@{domain}")).Length
            ).ShouldBe(3);
        }
    }

    [Fact, Trait("Check", "U03")]
    public async Task Hashing_OneNetworksShareFull_AcceptsOtherNetworks()
    {
        var hashing = identity.Services.GetRequiredService<PasswordHashing>();
        var accessor = identity.Services.GetRequiredService<IHttpContextAccessor>();
        var flood = Enumerable.Range(0, 100).Select(_ => HashAsync("192.0.2.1")).ToArray();
        var other = HashAsync("192.0.2.2");
        (await other).ShouldBeTrue("another network is served during the flood");
        (await Task.WhenAll(flood)).Count(hashed => hashed).ShouldBeInRange(4, 20);

        Task<bool> HashAsync(string address) =>
            Task.Run(async () =>
            {
                accessor.HttpContext = From(address);
                try
                {
                    await hashing.VerifyAsync(null, "a password", Cancellation);
                    return true;
                }
                catch (HashingBusyException)
                {
                    return false;
                }
            });
    }

    static DefaultHttpContext From(string address) =>
        new() { Connection = { RemoteIpAddress = IPAddress.Parse(address) } };
}

public class LimitTests(IdentityWithLowMinuteLimits identity) : IClassFixture<IdentityWithLowMinuteLimits>
{
    [Fact]
    public async Task SignIn_TooManyAttempts_IsLimitedByAddressThenByNetwork()
    {
        var user = await identity.AddAccountAsync("ada");
        foreach (var address in new[] { user.Email, "unknown@example.com" })
        {
            for (var attempt = 0; attempt < 3; attempt++)
                (await identity.Visitor().SignInAsync(address, "wrong password")).StatusCode.ShouldBe(
                    HttpStatusCode.OK
                );
            (await identity.Visitor().SignInAsync(address)).StatusCode.ShouldBe(HttpStatusCode.TooManyRequests);
        }
        // Every form counts, even an empty one; these are fast enough that the limit does not refill.
        var forms = await Task.WhenAll(
            Enumerable.Range(0, 40).Select(attempt => identity.Visitor().SignInAsync($"{attempt}@example.com", ""))
        );
        forms.ShouldContain(answer => answer.StatusCode == HttpStatusCode.TooManyRequests);
    }
}
