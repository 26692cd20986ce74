using System.Diagnostics;
using System.Net;
using Lightning.Data.Accounts;
using Lightning.Identity.Passwords;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.DependencyInjection;

namespace Lightning.Identity.Tests;

/// <summary>What is measured is measured alone.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;

/// <summary>A flood of passwords is slow for whoever sends it, and for nobody else.</summary>
[Collection(nameof(Alone))]
public class FloodTests(IdentityUnderTest identity) : IClassFixture<IdentityUnderTest>
{
    const int Senders = 32;
    const int Reads = 31;
    const int Rounds = 3;
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>
    /// The median of a page that reads the session, during the flood over quiet: a third at the most of the ratio that a variant without the limit has. How large the
    /// ratio itself is depends on how many cores are free besides the one that hashes.
    /// </summary>
    [Fact, Trait("Check", "U03")]
    public async Task SessionReads_DuringAFloodOfSignIns_AreNotStarved()
    {
        var (_, visitor) = await identity.SignedInAsync("ada");
        var hashing = identity.Services.GetRequiredService<PasswordHashing>();
        var hasher = identity.Services.GetRequiredService<IPasswordHasher<Account>>();
        var hash = hasher.HashPassword(new(), "a password");
        await MedianAsync(visitor);
        var rounds = new List<(double Limited, double Unlimited)>();
        for (var round = 0; round < Rounds; round++)
        {
            var quiet = await MedianAsync(visitor);
            rounds.Add((
                await DuringAsync(visitor, () => hashing.VerifyAsync(null, "wrong password", Cancellation)) / quiet,
                await DuringAsync(visitor, () => Task.Run(() => hasher.VerifyHashedPassword(new(), hash, "wrong password"), Cancellation)) / quiet));
        }
        var (limited, unlimited) = (rounds.Select(round => round.Limited).Order().ElementAt(Rounds / 2), rounds.Select(round => round.Unlimited).Order().ElementAt(Rounds / 2));
        TestContext.Current.TestOutputHelper?.WriteLine($"during the flood {limited:0.0} times as long as quiet, without the limit {unlimited:0.0} times");
        limited.ShouldBeLessThan(unlimited / 3);
    }

    static async Task<double> DuringAsync(Visitor visitor, Func<Task> password)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var flood = Enumerable.Range(0, Senders).Select(_ => Task.Run(async () =>
        {
            while (!over.IsCancellationRequested) await password();
        }, Cancellation)).ToArray();
        var median = await MedianAsync(visitor);
        await over.CancelAsync();
        await Task.WhenAll(flood);
        return median;
    }

    static async Task<double> MedianAsync(Visitor visitor)
    {
        var times = new List<double>();
        for (var read = 0; read < Reads; read++)
        {
            var start = Stopwatch.GetTimestamp();
            using var answer = await visitor.GetAsync("/account/devices");
            times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        }
        return times.Order().ElementAt(Reads / 2);
    }
}
