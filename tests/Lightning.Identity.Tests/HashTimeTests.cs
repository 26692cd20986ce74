using Lightning.Data.Accounts;
using Lightning.Identity.Passwords;
using Microsoft.Extensions.DependencyInjection;

namespace Lightning.Identity.Tests;

/// <summary>
/// The time to verify a password does not reveal whether an address has an account (ASVS 5.0, 6.3.8). Runs alone and
/// measures processor time, so that other load does not count.
/// </summary>
[Collection(nameof(FloodTests))]
public class HashTimeTests(IdentityWithWorkCounters identity) : IClassFixture<IdentityWithWorkCounters>
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>
    /// Thirty alternating pairs of known and unknown addresses. The effect is the median difference divided by the
    /// median time of a hash; up to 0.15 is allowed, and skipping the hash gives about 1.
    /// </summary>
    [Fact, Trait("Check", "U04")]
    public async Task SignIn_UnknownAddress_TakesTheSameTime()
    {
        var hashing = identity.Services.GetRequiredService<PasswordHashing>();
        var account = new Account { PasswordHash = await hashing.HashAsync(new(), "a password", Cancellation) };
        await hashing.VerifyAsync(null, "warm up", Cancellation);
        foreach (var unknown in new[] { null, new Account() })
            Math.Abs(await EffectAsync(() => hashing.VerifyAsync(unknown, "wrong password", Cancellation)))
                .ShouldBeLessThan(0.15, unknown is null ? "without an account" : "without a password");
        Math.Abs(await EffectAsync(() => Task.CompletedTask)).ShouldBeGreaterThan(0.5);

        async Task<double> EffectAsync(Func<Task> unknown)
        {
            var (differences, hashes) = (new List<double>(), new List<double>());
            for (var pair = 0; pair < 30; pair++)
            {
                // Alternate the order, so that neither has an advantage.
                var before = pair % 2 == 0 ? await TimeAsync(unknown) : 0;
                var known = await TimeAsync(() => hashing.VerifyAsync(account, "wrong password", Cancellation));
                hashes.Add(known);
                differences.Add(known - (pair % 2 == 0 ? before : await TimeAsync(unknown)));
            }
            return Median(differences) / Median(hashes);
        }

        static async Task<double> TimeAsync(Func<Task> work)
        {
            var start = Environment.CpuUsage.TotalTime;
            await work();
            return (Environment.CpuUsage.TotalTime - start).TotalMilliseconds;
        }

        static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);
    }
}
