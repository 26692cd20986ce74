using System.Diagnostics;
using System.Net;
using Lightning.Data.Accounts;
using Lightning.Testing;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Lightning.Identity.Tests;

/// <summary>
/// A flood of sign-ins must not slow down signed-in users. Absolute times depend on the machine, so the provider is
/// compared with one that hashes without a limit on the thread pool, alternating within the same minute.
/// </summary>
[Collection(nameof(FloodTests)), CollectionDefinition(nameof(FloodTests), DisableParallelization = true)]
public sealed class FloodTests(PostgresServer server)
{
    const int Senders = 24,
        Reads = 8,
        Rounds = 3;

    [Fact]
    [Trait("Check", "U03")]
    [Trait("Timing", "Alone")]
    public async Task Reads_DuringSignInFlood_AreNotDelayed()
    {
        await using var limited = new IdentityWithHashes(server, 0);
        await using var unlimited = new IdentityWithHashes(server, 2 * Senders);
        await limited.InitializeAsync();
        await unlimited.InitializeAsync();
        var (few, many) = (new List<TimeSpan>(), new List<TimeSpan>());
        for (var round = 0; round < Rounds; round++)
        {
            few.AddRange(await FloodAsync(limited));
            many.AddRange(await FloodAsync(unlimited));
        }

        var (beside, starved) = (Median(few), Median(many));
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"A read took {beside.TotalMilliseconds:0.0} ms in a flood, and {starved.TotalMilliseconds:0.0} ms where "
                + $"nothing holds it back."
        );
        beside.ShouldBeLessThan(starved / 4);
    }

    static async Task<TimeSpan[]> FloodAsync(IdentityWithHashes identity)
    {
        var (user, visitor) = await identity.SignedInAsync(Guid.NewGuid().ToString());
        var party = identity.Bff(visitor);
        var token = (await party.TokensAsync())["access_token"]!;
        using var done = new CancellationTokenSource();
        var senders = Enumerable
            .Range(0, Senders)
            .Select(_ =>
                Task.Run(async () =>
                {
                    var stranger = identity.Visitor();
                    while (!done.IsCancellationRequested)
                        (await stranger.SignInAsync(user.Email, "not the password")).StatusCode.ShouldBe(
                            HttpStatusCode.OK
                        );
                })
            )
            .ToArray();
        var took = new TimeSpan[Reads];
        for (var read = 0; read < Reads; read++)
        {
            var clock = Stopwatch.StartNew();
            (await party.UserInfoAsync(token)).StatusCode.ShouldBe(HttpStatusCode.OK);
            took[read] = clock.Elapsed;
        }
        await done.CancelAsync();
        await Task.WhenAll(senders);
        return took;
    }

    static TimeSpan Median(List<TimeSpan> times) => times.Order().ElementAt(times.Count / 2);

    sealed class IdentityWithHashes(PostgresServer server, int atOnce) : IdentityUnderTest(server)
    {
        protected override IEnumerable<(string Key, string Value)> Settings => [("Identity:HashesAtOnce", $"{atOnce}")];

        protected override bool IsAtFullCost => true;

        protected override void Configure(IServiceCollection services)
        {
            if (atOnce > 0)
                services.AddSingleton<IPasswordHasher<Account>, ThreadPoolHasher>();
        }
    }

    /// <summary>Hashes on the thread pool, as a naive service would.</summary>
    sealed class ThreadPoolHasher(IOptions<PasswordHasherOptions> options) : IPasswordHasher<Account>
    {
        readonly PasswordHasher<Account> hasher = new(options);

        public string HashPassword(Account user, string password) =>
            Task.Run(() => hasher.HashPassword(user, password)).GetAwaiter().GetResult();

        public PasswordVerificationResult VerifyHashedPassword(
            Account user,
            string hashedPassword,
            string providedPassword
        ) =>
            Task.Run(() => hasher.VerifyHashedPassword(user, hashedPassword, providedPassword))
                .GetAwaiter()
                .GetResult();
    }
}
