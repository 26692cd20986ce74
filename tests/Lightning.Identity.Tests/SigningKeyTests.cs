using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using Lightning.Identity.Tokens;
using Lightning.Testing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Lightning.Identity.Tests;

/// <summary>These tests move the clock by months and change the keys, so each has its own service.</summary>
public class SigningKeyTests(PostgresServer server) : IAsyncLifetime
{
    static readonly SigningKeyOptions Defaults = new();
    static readonly TimeSpan WaitTimeout = TimeSpan.FromSeconds(60);
    readonly IdentityWithServices identity = new(server);

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => identity.InitializeAsync();

    [Fact, Trait("Check", "A28")]
    public async Task Key_OnSchedule_IsPublishedBeforeItSigns()
    {
        var (_, visitor) = await identity.SignedInAsync("ada");
        var idToken = (await identity.Bff(visitor).TokensAsync())["id_token"]!;
        var old = new Claims(idToken).Header.GetProperty("kid").GetString()!;
        (await PublishedAsync()).ShouldBe([old]);

        identity.Clock.Advance(Defaults.Lifetime - Defaults.PublishedBefore);
        var next = (await PublishedAsync()).ShouldHaveSingleItemBeside(old);
        (await SignerAsync()).ShouldBe(old);
        identity.Clock.Advance(Defaults.PublishedBefore);
        (await SignerAsync()).ShouldBe(next);
        (await PublishedAsync()).ShouldBe([next, old]);

        // An ID token is a valid hint as long as its session can last, so the key is kept that long.
        identity.Clock.Advance(TimeSpan.FromDays(14));
        using var hinted = await visitor.GetAsync($"/connect/endsession?id_token_hint={idToken}");
        hinted.StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        identity.Clock.Advance(TimeSpan.FromMinutes(6));
        (await PublishedAsync()).ShouldBe([next]);
        using var forgotten = await visitor.GetAsync($"/connect/endsession?id_token_hint={idToken}");
        forgotten.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact, Trait("Check", "A28")]
    public async Task Key_Revoked_IsReplacedImmediately()
    {
        var (_, visitor) = await identity.SignedInAsync("bob");
        var bff = identity.Bff(visitor);
        var stolen = (await bff.TokensAsync())["access_token"]!;
        var kid = new Claims(stolen).Header.GetProperty("kid").GetString()!;
        await identity.Database.ExecuteAsync(
            $"UPDATE identity.signing_keys SET retired_at = now() - interval '1 minute' WHERE id = '{kid}'"
        );
        identity.Clock.Advance(TimeSpan.FromSeconds(5));
        (await PublishedAsync()).ShouldNotContain(kid);
        using var refused = await bff.UserInfoAsync(stolen);
        refused.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        var signer = await SignerAsync();
        signer.ShouldNotBe(kid);
        (await PublishedAsync()).ShouldContain(signer);
    }

    [Fact, Trait("Check", "A28")]
    public async Task Key_RevokedAfterSuccessorIsPublished_SuccessorSignsEarly()
    {
        var kid = await SignerAsync();
        await identity.Database.ExecuteAsync("UPDATE identity.signing_keys SET successor_due_at = '2000-01-01'");
        identity.Clock.Advance(TimeSpan.FromSeconds(5));
        var next = (await PublishedAsync()).ShouldHaveSingleItemBeside(kid);
        await identity.Database.ExecuteAsync(
            $"UPDATE identity.signing_keys SET retired_at = '2000-01-01' WHERE id = '{kid}'"
        );
        identity.Clock.Advance(TimeSpan.FromSeconds(5));
        (await SignerAsync()).ShouldBe(next);
    }

    [Fact, Trait("Check", "A28")]
    public async Task Keys_RotatedUnderLoad_CachedKeysStillVerify()
    {
        var (one, other) = (identity.BackChannel(), identity.Replica());
        Func<Task<string>>[] issuers =
        [
            .. new[] { one, other }.Select(replica =>
                (Func<Task<string>>)(
                    async () =>
                    {
                        using var form = new FormUrlEncodedContent([
                            new("grant_type", "client_credentials"),
                            new("client_id", "lightning-jobs"),
                            new("client_secret", IdentityWithServices.Secret),
                        ]);
                        using var answer = await replica.PostAsync("/connect/token", form, Cancellation);
                        return
                            (await answer.Content.ReadAsStringAsync(Cancellation)) is var body
                            && answer.IsSuccessStatusCode
                            ? JsonDocument.Parse(body).RootElement.GetProperty("access_token").GetString()!
                            : throw new InvalidOperationException(body);
                    }
                )
            ),
        ];
        var (tokens, keys, failures) = await RollOverAsync(
            issuers,
            async () => new JsonWebKeySet(await other.GetStringAsync("/.well-known/jwks.json", Cancellation))
        );
        failures.ShouldBeEmpty();
        keys.ShouldBe(2);
        tokens.ShouldBeGreaterThan(100);
    }

    [Fact, Trait("Check", "A28")]
    public async Task Keys_SigningBeforePublication_IsCaught()
    {
        using var hasty = ActivatorUtilities.CreateInstance<SigningKeys>(
            identity.Services,
            Options.Create(new SigningKeyOptions { PublishedBefore = TimeSpan.Zero })
        );
        var (_, keys, failures) = await RollOverAsync(
            [
                async () =>
                    new JsonWebTokenHandler().CreateToken(
                        new SecurityTokenDescriptor { SigningCredentials = await hasty.SignerAsync(Cancellation) }
                    ),
            ],
            async () =>
                new JsonWebKeySet(await identity.BackChannel().GetStringAsync("/.well-known/jwks.json", Cancellation))
        );
        keys.ShouldBe(2);
        failures.ShouldNotBeEmpty();
    }

    /// <summary>
    /// Issues tokens continuously during a key rotation, and verifies each like a client that caches the keys for a
    /// day.
    /// </summary>
    async Task<(int Tokens, int Keys, IReadOnlyCollection<string> Failures)> RollOverAsync(
        Func<Task<string>>[] issuers,
        Func<Task<JsonWebKeySet>> publish
    )
    {
        var copy = await publish();
        var fetchedAt = identity.Clock.GetUtcNow();
        var (seen, failures) = (
            new ConcurrentDictionary<string, int>(StringComparer.Ordinal),
            new ConcurrentBag<string>()
        );
        var made = new int[2 * issuers.Length];
        using var over = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var workers = made.Select(
                (_, worker) =>
                    Task.Run(async () =>
                    {
                        while (!over.IsCancellationRequested)
                        {
                            var token = await issuers[worker % issuers.Length]();
                            var kid = new JsonWebToken(token).Kid;
                            seen.AddOrUpdate(kid, 1, (_, count) => count + 1);
                            var result = await new JsonWebTokenHandler().ValidateTokenAsync(
                                token,
                                new TokenValidationParameters
                                {
                                    IssuerSigningKeys = Volatile.Read(ref copy).GetSigningKeys(),
                                    ValidateAudience = false,
                                    ValidateIssuer = false,
                                    ValidateLifetime = false,
                                }
                            );
                            if (!result.IsValid)
                                failures.Add($"{kid}: {result.Exception.Message}");
                            Interlocked.Increment(ref made[worker]);
                        }
                    })
            )
            .ToArray();

        await identity.Database.ExecuteAsync("UPDATE identity.signing_keys SET successor_due_at = '2000-01-01'");
        for (var hour = 0; hour < 26; hour++)
        {
            identity.Clock.Advance(TimeSpan.FromHours(1));
            if (identity.Clock.GetUtcNow() - fetchedAt >= Defaults.PublishedBefore)
                (copy, fetchedAt) = (await publish(), identity.Clock.GetUtcNow());
            await EachMakesTwoAsync(made, workers);
        }
        await over.CancelAsync();
        await Task.WhenAll(workers);
        return (made.Sum(), seen.Count, failures);
    }

    static async Task EachMakesTwoAsync(int[] made, Task[] workers)
    {
        var before = made.ToArray();
        using var timeout = new CancellationTokenSource(WaitTimeout);
        using var poll = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        while (made.Zip(before).Any(pair => pair.First < pair.Second + 2))
        {
            foreach (var stopped in workers.Where(worker => worker.IsFaulted))
                await stopped;
            await poll.WaitForNextTickAsync(timeout.Token);
        }
    }

    async Task<string[]> PublishedAsync() =>
        [
            .. new JsonWebKeySet(
                await identity.BackChannel().GetStringAsync("/.well-known/jwks.json", Cancellation)
            ).Keys.Select(key => key.Kid),
        ];

    async Task<string> SignerAsync() =>
        new Claims(
            (await identity.Jobs.PostAsync("/connect/token", ("grant_type", "client_credentials")))["access_token"]!
        )
            .Header.GetProperty("kid")
            .GetString()!;

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await identity.DisposeAsync();
    }
}

static class PublishedKeys
{
    /// <summary>The only other key.</summary>
    public static string ShouldHaveSingleItemBeside(this string[] keys, string other)
    {
        keys.ShouldContain(other);
        return keys.Where(key => key != other).ShouldHaveSingleItem();
    }
}
