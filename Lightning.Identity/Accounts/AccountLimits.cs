using System.Net;
using System.Threading.RateLimiting;
using Lightning.Data;
using Lightning.Identity.Sessions;
using Lightning.Identity.Tokens;
using Lightning.ServiceDefaults;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Lightning.Identity.Accounts;

/// <summary>
/// How often somebody may try: forms by network, an e-mail address by network, and an address from everywhere. Known and unknown addresses count
/// alike. Nobody is ever locked out for good: every limit fills up again, and a browser in which the account was signed in to has one of its own,
/// so that a stranger who wears the common one out shuts no owner out (ASVS 5.0, 6.1.1 and 6.3.1). What one account can be tried is counted in the database, for all
/// replicas together; what one network may ask, each replica counts for itself.
/// </summary>
sealed class AccountLimits(IServiceScopeFactory scopes, IOptions<ProviderOptions> options, ILookupNormalizer normalizer, KnownDevices devices, TimeProvider clock) : IDisposable
{
    static readonly TimeSpan Hour = TimeSpan.FromHours(1);
    readonly MinuteLimit<string> byNetwork = new(options.Value.AttemptsPerMinute);
    readonly MinuteLimit<IPAddress> failures = new(options.Value.FormsPerMinute);

    /// <summary>Counts a password that is tried with an e-mail address; false where there were too many.</summary>
    public async Task<bool> MayTryAsync(HttpContext http, string emailAddress) =>
        MayAsk(http, emailAddress) && await TakeAsync($"password {From(http, emailAddress)}", options.Value.AttemptsPerHour);

    /// <summary>Counts a question about an e-mail address, such as for a mail to it; false where one network asked too many.</summary>
    public bool MayAsk(HttpContext http, string emailAddress) => byNetwork.TryTake($"{http.Network()} {Mark(emailAddress)}");

    /// <summary>Counts a failed sign-in that came without a form; false where one network has had as many as it may post forms.</summary>
    public bool MayFail(HttpContext http) => failures.TryTake(http.Network());

    /// <summary>Counts a code of an authenticator app; false where there were too many: six digits can be guessed.</summary>
    public Task<bool> MayTryCodeAsync(HttpContext http, string emailAddress) => TakeAsync($"code {From(http, emailAddress)}", options.Value.CodesPerHour);

    /// <summary>Counts a mail that anybody can have sent to an address; false where it had its share: a mailbox is not to be flooded from here.</summary>
    public Task<bool> MayMailAsync(string emailAddress) => TakeAsync($"mail {Mark(emailAddress)}", options.Value.MailsPerHour);

    /// <summary>Limits the forms that one network address posts to the account pages.</summary>
    public static void LimitForms(RateLimiterOptions limiter, ProviderOptions options)
    {
        limiter.RejectionStatusCode = StatusCodes.Status429TooManyRequests;
        limiter.GlobalLimiter = PartitionedRateLimiter.Create<HttpContext, string>(http =>
            HttpMethods.IsPost(http.Request.Method) && http.Request.Path.StartsWithSegments("/account", StringComparison.OrdinalIgnoreCase)
                ? RateLimitPartition.GetTokenBucketLimiter($"form {http.Network()}", _ => MinuteLimit.Bucket(options.FormsPerMinute))
                : RateLimitPartition.GetNoLimiter("other"));
    }

    string From(HttpContext http, string emailAddress) => $"{devices.Find(http, emailAddress)} {Mark(emailAddress)}";

    string Mark(string emailAddress) => Secrets.Fingerprint(normalizer.NormalizeEmail(emailAddress)!);

    /// <summary>
    /// Takes one of as many as there are each hour, a burst of as many included: one statement, of which any number at once on any number of replicas see one
    /// another. It stands whatever becomes of the caller's transaction, and one that is refused writes nothing.
    /// </summary>
    async Task<bool> TakeAsync(string key, int count)
    {
        var (hash, now, each) = (Secrets.Hash(key), clock.GetUtcNow(), Hour / count);
        await using var scope = scopes.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<LightningDb>().Database.ExecuteSqlAsync($"""
            INSERT INTO identity.attempts AS known (key_hash, full_at) VALUES ({hash}, {now + each})
            ON CONFLICT (key_hash) DO UPDATE SET full_at = GREATEST(known.full_at, {now}) + {each}
                WHERE GREATEST(known.full_at, {now}) + {each} <= {now + Hour}
            """) > 0;
    }

    public void Dispose()
    {
        byNetwork.Dispose();
        failures.Dispose();
    }
}
