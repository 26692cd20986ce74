using System.Net;
using System.Net.Sockets;
using System.Threading.RateLimiting;
using Lightning.Identity.Tokens;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.Extensions.Options;

namespace Lightning.Identity.Accounts;

/// <summary>
/// How often somebody may try: forms by network address, and each e-mail address by network address. Known and unknown addresses count alike,
/// and nobody can shut the owner of an address out from another network.
/// </summary>
sealed class AccountLimits(IOptions<ProviderOptions> options, ILookupNormalizer normalizer) : IDisposable
{
    static readonly TimeSpan Window = TimeSpan.FromMinutes(1);
    readonly PartitionedRateLimiter<string> byAddress = PartitionedRateLimiter.Create<string, string>(key => RateLimitPartition.GetTokenBucketLimiter(key, _ => Bucket(options.Value.AttemptsPerMinute)));

    /// <summary>Counts an attempt with an e-mail address; false where there were too many.</summary>
    public bool MayTry(HttpContext http, string emailAddress)
    {
        using var lease = byAddress.AttemptAcquire(Secrets.Fingerprint($"{Network(http)} {normalizer.NormalizeEmail(emailAddress)}"));
        return lease.IsAcquired;
    }

    /// <summary>Limits the forms that one network address posts to the account pages.</summary>
    public static void LimitForms(RateLimiterOptions limiter, ProviderOptions options)
    {
        limiter.RejectionStatusCode = StatusCodes.Status429TooManyRequests;
        limiter.GlobalLimiter = PartitionedRateLimiter.Create<HttpContext, string>(http =>
            HttpMethods.IsPost(http.Request.Method) && http.Request.Path.StartsWithSegments("/account", StringComparison.OrdinalIgnoreCase)
                ? RateLimitPartition.GetTokenBucketLimiter($"form {Network(http)}", _ => Bucket(options.FormsPerMinute))
                : RateLimitPartition.GetNoLimiter("other"));
    }

    static string Network(HttpContext http) => Network(http.Connection.RemoteIpAddress);

    /// <summary>Who counts as one: an IPv4 address, or an IPv6 network of 64 bits, for within that anybody has as many addresses as they like.</summary>
    public static string Network(IPAddress? address)
    {
        if (address is null) return "";
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        return address.AddressFamily == AddressFamily.InterNetworkV6 ? Convert.ToHexString(address.GetAddressBytes().AsSpan(0, 8)) : address.ToString();
    }

    static TokenBucketRateLimiterOptions Bucket(int perMinute) => new()
    {
        TokenLimit = perMinute,
        TokensPerPeriod = 1,
        ReplenishmentPeriod = Window / perMinute,
        AutoReplenishment = true,
    };

    public void Dispose() => byAddress.Dispose();
}
