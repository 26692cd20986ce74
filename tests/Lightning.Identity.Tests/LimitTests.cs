using System.Net;
using System.Threading.RateLimiting;
using Lightning.Identity.Accounts;
using Lightning.Identity.Passwords;
using Lightning.Testing;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Lightning.Identity.Tests;

public sealed class IdentityWithFewAttempts(PostgresServer server) : IdentityUnderTest(server)
{
    protected override IEnumerable<(string Key, string Value)> Settings => [("Identity:AttemptsPerMinute", "3"), ("Identity:FormsPerMinute", "12")];
}

public sealed class IdentityWithFewTries(PostgresServer server) : IdentityUnderTest(server)
{
    protected override IEnumerable<(string Key, string Value)> Settings =>
        [("Identity:AttemptsPerHour", "5"), ("Identity:CodesPerHour", "3"), ("Identity:MailsPerHour", "3"), ("Identity:HashesPerNetwork", "4")];
}

/// <summary>What strangers from everywhere can do to somebody's account (ASVS 5.0, 6.3.1).</summary>
public class AccountLimitTests(IdentityWithFewTries identity) : IClassFixture<IdentityWithFewTries>
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact, Trait("Check", "U03")]
    public async Task Account_TriedFromEverywhere_IsClosedToStrangers_AndNotToTheBrowsersOfItsOwner()
    {
        var (user, owner) = await identity.SignedInAsync("ada");
        await owner.SubmitAsync("/account/sign-out");
        var limits = identity.Services.GetRequiredService<AccountLimits>();
        // A thousand networks, one try each.
        (await TriesAsync(user.Email.ToUpperInvariant())).ShouldBe(4, "five, of which the owner took one");
        (await TriesAsync("nobody@example.com")).ShouldBe(5, "an address without an account counts alike");
        (await identity.Visitor().SignInAsync(user.Email)).StatusCode.ShouldBe(HttpStatusCode.TooManyRequests);
        (await owner.SignInAsync(user.Email)).StatusCode.ShouldBe(HttpStatusCode.SeeOther, "the browser was here before");
        // And the owner's way back by mail is open from any browser.
        (await identity.Visitor().SubmitAsync("/account/forgot-password", ("Email", user.Email))).StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        var somewhere = identity.Visitor();
        (await somewhere.SubmitAsync(await identity.LinkAsync(user.Email), ("Password", "another set of words"))).StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        (await somewhere.GetAsync("/account")).StatusCode.ShouldBe(HttpStatusCode.OK);
        // A browser that was there has a limit too: its cookie is no way around.
        var tries = 0;
        while ((await owner.SignInAsync(user.Email, "wrong password")).StatusCode == HttpStatusCode.OK) (++tries).ShouldBeLessThan(10);

        async Task<int> TriesAsync(string address)
        {
            var taken = 0;
            for (var number = 0; number < 1000; number++) taken += await limits.MayTryAsync(From($"10.0.{number / 250}.{number % 250}"), address) ? 1 : 0;
            return taken;
        }
    }

    [Fact, Trait("Check", "U03")]
    public async Task Codes_AreTriedAFewTimesOnly()
    {
        var (user, visitor) = await identity.SignedInAsync("bob");
        var (key, _) = await identity.AddAuthenticatorAsync(visitor);
        var thief = identity.Visitor();
        await thief.SignInAsync(user.Email);
        for (var attempt = 0; attempt < 3; attempt++) (await thief.SubmitAsync("/account/second-step", ("Code", "000000"))).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await thief.SubmitAsync("/account/second-step", ("Code", identity.CodeOf(key)))).StatusCode.ShouldBe(HttpStatusCode.TooManyRequests);
        // The owner's browser has tries of its own.
        await visitor.SubmitAsync("/account/sign-out");
        await visitor.SignInAsync(user.Email);
        (await visitor.SubmitAsync("/account/second-step", ("Code", identity.CodeOf(key)))).StatusCode.ShouldBe(HttpStatusCode.SeeOther);
    }

    [Fact, Trait("Check", "U03")]
    public async Task Account_TriedAtSeveralReplicas_HasOneCount_AndACountOfEachReplicasOwnIsCaught()
    {
        var user = await identity.AddAccountAsync("several");
        Visitor[] thieves = [identity.Visitor(), identity.VisitorOfAnotherReplica(), identity.VisitorOfAnotherReplica()];
        (await GuessAsync(thieves, 8, thief => thief.SignInAsync(user.Email, "wrong password"))).ShouldBe(5);
        // And all at once: each sees what the others took.
        var other = await identity.AddAccountAsync("parallel");
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).SelectMany(_ => thieves).Select(thief => thief.SubmitToAsync("/account/sign-in", "/account/sign-in", ("Email", other.Email), ("Password", "wrong password"))));
        answers.Count(answer => answer.StatusCode != HttpStatusCode.TooManyRequests).ShouldBe(5);

        // Codes, which are short, count alike.
        var owner = identity.Visitor();
        var third = await identity.AddAccountAsync("codes");
        await owner.SignInAsync(third.Email);
        var (key, _) = await identity.AddAuthenticatorAsync(owner);
        foreach (var thief in thieves) await thief.SignInAsync(third.Email);
        (await GuessAsync(thieves, 4, thief => thief.SubmitAsync("/account/second-step", ("Code", "000000")))).ShouldBe(3);
        (await thieves[0].SubmitAsync("/account/second-step", ("Code", identity.CodeOf(key)))).StatusCode.ShouldBe(HttpStatusCode.TooManyRequests);

        // What counting in each replica's memory would come to.
        var memories = thieves.Select(_ => PartitionedRateLimiter.Create<string, string>(name => RateLimitPartition.GetTokenBucketLimiter(name,
            _ => new() { TokenLimit = 5, TokensPerPeriod = 1, ReplenishmentPeriod = TimeSpan.FromHours(1) }))).ToArray();
        memories.Sum(memory => Enumerable.Range(0, 8).Count(_ => memory.AttemptAcquire(user.Email).IsAcquired)).ShouldBe(15);
        foreach (var memory in memories) await memory.DisposeAsync();

        static async Task<int> GuessAsync(Visitor[] thieves, int each, Func<Visitor, Task<HttpResponseMessage>> guess)
        {
            var taken = 0;
            for (var round = 0; round < each; round++)
                foreach (var thief in thieves) taken += (await guess(thief)).StatusCode == HttpStatusCode.OK ? 1 : 0;
            return taken;
        }
    }

    [Fact, Trait("Check", "U03")]
    public async Task Account_WornOut_OpensAgainByItself_OneTryAtATime()
    {
        var user = await identity.AddAccountAsync("patient");
        var limits = identity.Services.GetRequiredService<AccountLimits>();
        for (var attempt = 0; attempt < 5; attempt++) (await limits.MayTryAsync(From("192.0.2.9"), user.Email)).ShouldBeTrue();
        (await limits.MayTryAsync(From("192.0.2.9"), user.Email)).ShouldBeFalse();
        identity.Clock.Advance(TimeSpan.FromMinutes(12));
        (await limits.MayTryAsync(From("192.0.2.9"), user.Email)).ShouldBeTrue();
        (await limits.MayTryAsync(From("192.0.2.9"), user.Email)).ShouldBeFalse();
        identity.Clock.Advance(TimeSpan.FromDays(1));
        var taken = 0;
        for (var attempt = 0; attempt < 9; attempt++) taken += await limits.MayTryAsync(From("192.0.2.9"), user.Email) ? 1 : 0;
        taken.ShouldBe(5, "it is full again, and no more than full");
    }

    [Fact, Trait("Check", "U07"), Trait("Check", "U03")]
    public async Task Mails_ToOneAddress_AreFew_AndTheAnswerDoesNotSaySo()
    {
        var user = await identity.AddAccountAsync("carol");
        foreach (var address in new[] { user.Email, "unknown@example.com" })
        {
            for (var attempt = 0; attempt < 8; attempt++)
            {
                using var answer = await identity.Visitor().SubmitAsync("/account/forgot-password", ("Email", attempt % 2 == 0 ? address : address.ToUpperInvariant()));
                answer.Headers.Location!.ToString().ShouldBe("/account/check-mail");
            }
            ((await identity.MailsAsync(address)).Length + (await identity.MailsAsync(address.ToUpperInvariant())).Length).ShouldBe(3);
        }
    }

    [Fact, Trait("Check", "U03")]
    public async Task Hashing_FullOfOneNetwork_IsOpenToOthers()
    {
        var hashing = identity.Services.GetRequiredService<PasswordHashing>();
        var accessor = identity.Services.GetRequiredService<IHttpContextAccessor>();
        var flood = Enumerable.Range(0, 100).Select(_ => HashAsync("192.0.2.1")).ToArray();
        var other = HashAsync("192.0.2.2");
        (await other).ShouldBeTrue("another network is served though the first one floods");
        (await Task.WhenAll(flood)).Count(hashed => hashed).ShouldBeInRange(4, 20);

        Task<bool> HashAsync(string address) => Task.Run(async () =>
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

    static DefaultHttpContext From(string address) => new() { Connection = { RemoteIpAddress = IPAddress.Parse(address) } };
}

public class LimitTests(IdentityWithFewAttempts identity) : IClassFixture<IdentityWithFewAttempts>
{
    [Fact]
    public async Task SignIn_TooOften_IsRefusedForThatAddress_AndThenForThatNetwork()
    {
        var user = await identity.AddAccountAsync("ada");
        foreach (var address in new[] { user.Email, "nobody@example.com" })
        {
            for (var attempt = 0; attempt < 3; attempt++) (await identity.Visitor().SignInAsync(address, "wrong password")).StatusCode.ShouldBe(HttpStatusCode.OK);
            (await identity.Visitor().SignInAsync(address)).StatusCode.ShouldBe(HttpStatusCode.TooManyRequests);
        }
        // Every form counts, also one that is not filled in; these are quick enough for the limit not to give way meanwhile.
        var forms = await Task.WhenAll(Enumerable.Range(0, 40).Select(attempt => identity.Visitor().SignInAsync($"{attempt}@example.com", "")));
        forms.ShouldContain(answer => answer.StatusCode == HttpStatusCode.TooManyRequests);
    }
}
