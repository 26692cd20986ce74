using System.Globalization;
using System.Net;
using Lightning.Identity.Clients;
using Lightning.Identity.Web;
using Lightning.ServiceDefaults;
using Microsoft.Extensions.Options;

namespace Lightning.Identity.RateLimits;

/// <summary>
/// Rate limits of the protocol endpoints, counted by each replica: two per authenticated client, and one per network
/// for all other calls. Anyone can make a client begin sign-ins, so these do not use up what its signed-in users need,
/// such as refreshes.
/// </summary>
sealed class ProtocolRateLimits : IDisposable
{
    readonly PerMinuteLimiter<IPAddress> byNetwork;
    readonly PerMinuteLimiter<(string Client, bool IsSignIn)> byClient;

    public ProtocolRateLimits(IOptions<ProviderOptions> options)
    {
        byNetwork = new(options.Value.RequestsPerMinute);
        byClient = new(options.Value.ClientRequestsPerMinute);
    }

    /// <summary>
    /// Counts a call without client authentication. Returns false, and sets Retry-After, if the network's limit is
    /// reached.
    /// </summary>
    public bool MayCall(HttpContext http) => MayCall(http, byNetwork, http.Network());

    /// <summary>
    /// Counts a call of an authenticated client. Returns false, and sets Retry-After, if its limit is reached.
    /// </summary>
    /// <param name="http">The request.</param>
    /// <param name="client">The client.</param>
    /// <param name="isSignIn">Whether the call is part of a sign-in: a pushed request or a code.</param>
    public bool MayCall(HttpContext http, Client client, bool isSignIn) =>
        MayCall(http, byClient, (client.Id, isSignIn));

    // RFC 6585, 4.
    static bool MayCall<TKey>(HttpContext http, PerMinuteLimiter<TKey> limit, TKey caller)
        where TKey : notnull
    {
        if (limit.TryTake(caller, out var wait))
            return true;
        http.Response.Headers.RetryAfter = Math.Max(1, Math.Ceiling(wait.TotalSeconds))
            .ToString(CultureInfo.InvariantCulture);
        return false;
    }

    public void Dispose()
    {
        byNetwork.Dispose();
        byClient.Dispose();
    }
}

/// <summary>Applies the network's limit to protocol endpoints that browsers open.</summary>
sealed class BrowserRateLimitFilter(ProtocolRateLimits limits) : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next) =>
        limits.MayCall(context.HttpContext)
            ? await next(context)
            : new ErrorPageResult(PageErrors.ForStatus(StatusCodes.Status429TooManyRequests));
}
