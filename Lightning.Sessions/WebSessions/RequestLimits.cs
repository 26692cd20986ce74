using System.Net;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace Lightning.Sessions.WebSessions;

/// <summary>
/// What one session and one address may ask of a replica. A session has its requests counted; an address only those cookies that lead nowhere, each
/// of which cost a look into the database: people who share an address are in nobody's way.
/// </summary>
sealed class RequestLimits(IOptions<SessionsOptions> options, TimeProvider clock) : IDisposable
{
    /// <summary>Over which an unused allowance is there again.</summary>
    static readonly TimeSpan Period = TimeSpan.FromMinutes(1);

    readonly long ticksPerRequest = Math.Max(1, Period.Ticks / options.Value.RequestsPerMinute);

    readonly PartitionedRateLimiter<IPAddress> byAddress = PartitionedRateLimiter.Create<IPAddress, IPAddress>(address =>
        RateLimitPartition.GetTokenBucketLimiter(address, _ => new TokenBucketRateLimiterOptions
        {
            TokenLimit = options.Value.UnknownCookiesPerMinute,
            TokensPerPeriod = 1,
            ReplenishmentPeriod = Period / options.Value.UnknownCookiesPerMinute,
            QueueLimit = 0,
        }));

    /// <summary>Counts a request of a session.</summary>
    /// <exception cref="BadHttpRequestException">429: there were too many.</exception>
    public void Count(LiveSession session)
    {
        if (!session.TrySpend(clock.GetUtcNow().UtcTicks, ticksPerRequest, Period.Ticks)) throw TooMany("This session has made more requests than the service takes in a minute.");
    }

    /// <summary>Before a cookie is looked up in the database.</summary>
    /// <exception cref="BadHttpRequestException">429: too many that came from this address led nowhere.</exception>
    public void Check(HttpContext context)
    {
        if (byAddress.GetStatistics(Address(context)) is { CurrentAvailablePermits: 0 }) throw TooMany("Too many requests from this address bring a session that does not exist.");
    }

    /// <summary>Counts a cookie that led nowhere.</summary>
    public void CountUnknown(HttpContext context)
    {
        using var lease = byAddress.AttemptAcquire(Address(context));
    }

    public void Dispose() => byAddress.Dispose();

    static BadHttpRequestException TooMany(string why) => new($"{why} Wait a minute, then try again.", StatusCodes.Status429TooManyRequests);

    /// <summary>Within an IPv6 network of 64 bits anybody has as many addresses as they like.</summary>
    static IPAddress Address(HttpContext context)
    {
        if (context.Connection.RemoteIpAddress is not { } address) return IPAddress.None;
        if (address.IsIPv4MappedToIPv6) return address.MapToIPv4();
        Span<byte> bytes = stackalloc byte[16];
        if (!address.TryWriteBytes(bytes, out var length) || length != bytes.Length) return address;
        bytes[8..].Clear();
        return new IPAddress(bytes);
    }
}
