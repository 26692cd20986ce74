using System.Net;
using System.Net.Sockets;
using System.Threading.RateLimiting;
using Lightning.Identity.Sessions;
using Lightning.Identity.Tokens;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.Extensions.Options;

namespace Lightning.Identity.Accounts;

/// <summary>
/// How often somebody may try: forms by network, an e-mail address by network, and an address from everywhere. Known and unknown addresses count
/// alike. Nobody is ever locked out for good: every limit fills up again, and a browser in which the account was signed in to has one of its own,
/// so that a stranger who wears the common one out shuts no owner out (ASVS 5.0, 6.1.1 and 6.3.1). Each replica counts for itself.
/// </summary>
sealed class AccountLimits(IOptions<ProviderOptions> options, ILookupNormalizer normalizer, KnownDevices devices) : IDisposable
{
    static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);
    static readonly TimeSpan Hour = TimeSpan.FromHours(1);
    readonly PartitionedRateLimiter<string> byNetwork = Buckets(() => options.Value.AttemptsPerMinute, Minute);
    readonly PartitionedRateLimiter<string> byAccount = Buckets(() => options.Value.AttemptsPerHour, Hour);
    readonly PartitionedRateLimiter<string> codes = Buckets(() => options.Value.CodesPerHour, Hour);
    readonly PartitionedRateLimiter<string> mails = Buckets(() => options.Value.MailsPerHour, Hour);

    /// <summary>Counts a password that is tried with an e-mail address; false where there were too many.</summary>
    public bool MayTry(HttpContext http, string emailAddress) => MayAsk(http, emailAddress) && Take(byAccount, From(http, emailAddress));

    /// <summary>Counts a question about an e-mail address, such as for a mail to it; false where one network asked too many.</summary>
    public bool MayAsk(HttpContext http, string emailAddress) => Take(byNetwork, $"{Network(http)} {Mark(emailAddress)}");

    /// <summary>Counts a code of an authenticator app; false where there were too many: six digits can be guessed.</summary>
    public bool MayTryCode(HttpContext http, string emailAddress) => Take(codes, From(http, emailAddress));

    /// <summary>Counts a mail that anybody can have sent to an address; false where it had its share: a mailbox is not to be flooded from here.</summary>
    public bool MayMail(string emailAddress) => Take(mails, Mark(emailAddress));

    /// <summary>Limits the forms that one network address posts to the account pages.</summary>
    public static void LimitForms(RateLimiterOptions limiter, ProviderOptions options)
    {
        limiter.RejectionStatusCode = StatusCodes.Status429TooManyRequests;
        limiter.GlobalLimiter = PartitionedRateLimiter.Create<HttpContext, string>(http =>
            HttpMethods.IsPost(http.Request.Method) && http.Request.Path.StartsWithSegments("/account", StringComparison.OrdinalIgnoreCase)
                ? RateLimitPartition.GetTokenBucketLimiter($"form {Network(http)}", _ => Bucket(options.FormsPerMinute, Minute))
                : RateLimitPartition.GetNoLimiter("other"));
    }

    public static string Network(HttpContext http) => Network(http.Connection.RemoteIpAddress);

    /// <summary>Who counts as one: an IPv4 address, or an IPv6 network of 64 bits, for within that anybody has as many addresses as they like.</summary>
    public static string Network(IPAddress? address)
    {
        if (address is null) return "";
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        return address.AddressFamily == AddressFamily.InterNetworkV6 ? Convert.ToHexString(address.GetAddressBytes().AsSpan(0, 8)) : address.ToString();
    }

    string From(HttpContext http, string emailAddress) => $"{devices.Find(http, emailAddress)} {Mark(emailAddress)}";

    string Mark(string emailAddress) => Secrets.Fingerprint(normalizer.NormalizeEmail(emailAddress)!);

    static bool Take(PartitionedRateLimiter<string> limiter, string key)
    {
        using var lease = limiter.AttemptAcquire(key);
        return lease.IsAcquired;
    }

    static PartitionedRateLimiter<string> Buckets(Func<int> count, TimeSpan window) =>
        PartitionedRateLimiter.Create<string, string>(key => RateLimitPartition.GetTokenBucketLimiter(key, _ => Bucket(count(), window)));

    static TokenBucketRateLimiterOptions Bucket(int count, TimeSpan window) => new()
    {
        TokenLimit = count,
        TokensPerPeriod = 1,
        ReplenishmentPeriod = window / count,
        AutoReplenishment = true,
    };

    public void Dispose()
    {
        byNetwork.Dispose();
        byAccount.Dispose();
        codes.Dispose();
        mails.Dispose();
    }
}
