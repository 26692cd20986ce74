using System.Net;
using System.Threading.RateLimiting;
using Lightning.Data;
using Lightning.Identity.Secrets;
using Lightning.Identity.Sessions;
using Lightning.ServiceDefaults;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Lightning.Identity.RateLimits;

/// <summary>
/// Rate limits of the account pages. Known and unknown addresses count alike. No account is locked permanently: each
/// limit refills, and a browser that has signed in to the account has its own limit, so that an attacker cannot lock
/// out the owner (ASVS 5.0, 6.1.1 and 6.3.1). Limits of one account are counted in the database for all replicas;
/// limits of one network are counted by each replica.
/// </summary>
sealed class AccountRateLimits(
    IServiceScopeFactory scopes,
    IOptions<ProviderOptions> options,
    ILookupNormalizer normalizer,
    KnownDevices devices,
    TimeProvider clock
) : IDisposable
{
    static readonly TimeSpan Hour = TimeSpan.FromHours(1);
    readonly PerMinuteLimiter<string> byNetwork = new(options.Value.AttemptsPerMinute);
    readonly PerMinuteLimiter<IPAddress> failures = new(options.Value.FormsPerMinute);

    /// <summary>Counts a password attempt for an email address. Returns false if a limit is reached.</summary>
    public async Task<bool> MayTryAsync(HttpContext http, string emailAddress) =>
        MayAsk(http, emailAddress)
        && await TryAcquireAsync($"password {Source(http, emailAddress)}", options.Value.AttemptsPerHour);

    /// <summary>
    /// Counts another form for an email address, such as a request for a mail. Returns false if the network's limit is
    /// reached.
    /// </summary>
    public bool MayAsk(HttpContext http, string emailAddress) =>
        byNetwork.TryTake($"{http.Network()} {HashAddress(emailAddress)}");

    /// <summary>Counts a failed sign-in without a form. Returns false if the network's limit is reached.</summary>
    public bool MayFail(HttpContext http) => failures.TryTake(http.Network());

    /// <summary>
    /// Counts an authenticator code attempt. Returns false if the limit is reached: six digits can be guessed.
    /// </summary>
    public Task<bool> MayTryCodeAsync(HttpContext http, string emailAddress) =>
        TryAcquireAsync($"code {Source(http, emailAddress)}", options.Value.CodesPerHour);

    /// <summary>Counts a mail that anyone can request for an address. Returns false if the limit is reached.</summary>
    public Task<bool> MayMailAsync(string emailAddress) =>
        TryAcquireAsync($"mail {HashAddress(emailAddress)}", options.Value.MailsPerHour);

    /// <summary>Limits how many forms a network may post to the account pages.</summary>
    public static void LimitForms(RateLimiterOptions limiter, ProviderOptions options)
    {
        limiter.RejectionStatusCode = StatusCodes.Status429TooManyRequests;
        limiter.GlobalLimiter = PartitionedRateLimiter.Create<HttpContext, string>(http =>
            HttpMethods.IsPost(http.Request.Method)
            && http.Request.Path.StartsWithSegments("/account", StringComparison.OrdinalIgnoreCase)
                ? RateLimitPartition.GetTokenBucketLimiter(
                    $"form {http.Network()}",
                    _ => PerMinuteLimiter.Bucket(options.FormsPerMinute)
                )
                : RateLimitPartition.GetNoLimiter("other")
        );
    }

    string Source(HttpContext http, string emailAddress) =>
        $"{devices.FindId(http, emailAddress)} {HashAddress(emailAddress)}";

    string HashAddress(string emailAddress) => Secret.Fingerprint(normalizer.NormalizeEmail(emailAddress)!);

    /// <summary>
    /// Takes one of <paramref name="count"/> permits an hour, as a leaky bucket in one statement, so that concurrent
    /// requests on all replicas count. It uses its own connection, so it stays even if the caller's transaction rolls
    /// back. A refused call writes nothing.
    /// </summary>
    async Task<bool> TryAcquireAsync(string key, int count)
    {
        var (hash, now, each) = (Secret.Hash(key), clock.GetUtcNow(), Hour / count);
        await using var scope = scopes.CreateAsyncScope();
        return await scope
                .ServiceProvider.GetRequiredService<LightningDb>()
                .Database.ExecuteSqlAsync(
                    $"""
                    INSERT INTO identity.attempts AS known (key_hash, full_at) VALUES ({hash}, {now + each})
                    ON CONFLICT (key_hash) DO UPDATE SET full_at = GREATEST(known.full_at, {now}) + {each}
                        WHERE GREATEST(known.full_at, {now}) + {each} <= {now + Hour}
                    """
                ) > 0;
    }

    public void Dispose()
    {
        byNetwork.Dispose();
        failures.Dispose();
    }
}
