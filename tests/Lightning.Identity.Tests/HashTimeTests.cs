using Lightning.Data.Accounts;
using Lightning.Identity.Passwords;
using Microsoft.Extensions.DependencyInjection;

namespace Lightning.Identity.Tests;

/// <summary>Nobody learns whether an address has an account by how long its password takes (ASVS 5.0, 6.3.8). Alone in its process, and by processor time: by the clock, whatever else the machine does would be measured.</summary>
[Collection(nameof(FloodTests))]
public class HashTimeTests(IdentityThatCounts identity) : IClassFixture<IdentityThatCounts>
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>
    /// Thirty pairs, known and unknown in turns, each against a hash of today's cost; the effect is the median of the differences over the median time of a hash.
    /// 0.15 of a hash is allowed; to skip the hash is an effect of about 1.
    /// </summary>
    [Fact, Trait("Check", "U04")]
    public async Task SignIn_UnknownAddress_TakesAsLong_AndAVariantWithoutTheHashIsCaught()
    {
        var hashing = identity.Services.GetRequiredService<PasswordHashing>();
        var account = new Account { PasswordHash = await hashing.HashAsync(new(), "a password", Cancellation) };
        await hashing.VerifyAsync(null, "warm up", Cancellation);
        Math.Abs(await EffectAsync(() => hashing.VerifyAsync(null, "wrong password", Cancellation))).ShouldBeLessThan(0.15);
        Math.Abs(await EffectAsync(() => Task.CompletedTask)).ShouldBeGreaterThan(0.5);

        async Task<double> EffectAsync(Func<Task> unknown)
        {
            var (differences, hashes) = (new List<double>(), new List<double>());
            for (var pair = 0; pair < 30; pair++)
            {
                // Whoever comes second has no advantage.
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
