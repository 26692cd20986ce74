using System.Globalization;
using System.Threading.RateLimiting;
using Lightning.Identity.Accounts;
using Lightning.Identity.Clients;
using Lightning.Identity.Web;
using Microsoft.Extensions.Options;

namespace Lightning.Identity.Protocol;

/// <summary>
/// How often the protocol's endpoints may be called: by a client that has proved itself, as often as that client may, wherever it calls from and whoever it calls for;
/// by anybody else, as often as their network may. Counted by each replica for itself.
/// </summary>
sealed class ConnectLimits : IDisposable
{
    readonly PartitionedRateLimiter<string> byNetwork, byClient;

    public ConnectLimits(IOptions<ProviderOptions> options)
    {
        byNetwork = Limiter(options.Value.RequestsPerMinute);
        byClient = Limiter(options.Value.ClientRequestsPerMinute);
    }

    /// <summary>Counts a call that no secret stands behind. False where there were too many: the answer then says when to come again.</summary>
    public bool MayCall(HttpContext http) => MayCall(http, byNetwork, AccountLimits.Network(http.Connection.RemoteIpAddress));

    /// <summary>Counts a call of a client that has proved itself.</summary>
    public bool MayCall(HttpContext http, Client client) => MayCall(http, byClient, client.Id);

    /// <summary>Stands before an endpoint that browsers are sent to.</summary>
    public static async ValueTask<object?> BeforeBrowsersAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next) =>
        context.HttpContext.RequestServices.GetRequiredService<ConnectLimits>().MayCall(context.HttpContext)
            ? await next(context) : new FaultPage(Faults.OfStatus(StatusCodes.Status429TooManyRequests));

    // RFC 6585, 4.
    static bool MayCall(HttpContext http, PartitionedRateLimiter<string> limiter, string caller)
    {
        using var lease = limiter.AttemptAcquire(caller);
        if (lease.IsAcquired) return true;
        var wait = lease.TryGetMetadata(MetadataName.RetryAfter, out var after) ? after : TimeSpan.FromSeconds(1);
        http.Response.Headers.RetryAfter = Math.Max(1, Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        return false;
    }

    static PartitionedRateLimiter<string> Limiter(int perMinute) => PartitionedRateLimiter.Create<string, string>(caller => RateLimitPartition.GetTokenBucketLimiter(caller, _ => new()
    {
        TokenLimit = perMinute,
        TokensPerPeriod = Math.Max(1, perMinute / 60),
        ReplenishmentPeriod = TimeSpan.FromMinutes(1) * Math.Max(1, perMinute / 60) / perMinute,
        AutoReplenishment = true,
    }));

    public void Dispose()
    {
        byNetwork.Dispose();
        byClient.Dispose();
    }
}
