using System.Globalization;
using System.Net;
using Lightning.Identity.Clients;
using Lightning.Identity.Web;
using Lightning.ServiceDefaults;
using Microsoft.Extensions.Options;

namespace Lightning.Identity.Protocol;

/// <summary>
/// How often the protocol's endpoints may be called: by a client that has proved itself, as often as that client may, wherever it calls from and whoever it calls for;
/// by anybody else, as often as their network may. Counted by each replica for itself.
/// </summary>
sealed class ConnectLimits : IDisposable
{
    readonly MinuteLimit<IPAddress> byNetwork;
    readonly MinuteLimit<string> byClient;

    public ConnectLimits(IOptions<ProviderOptions> options) =>
        (byNetwork, byClient) = (new(options.Value.RequestsPerMinute), new(options.Value.ClientRequestsPerMinute));

    /// <summary>Counts a call that no secret stands behind. False where there were too many: the answer then says when to come again.</summary>
    public bool MayCall(HttpContext http) => MayCall(http, byNetwork, http.Network());

    /// <summary>Counts a call of a client that has proved itself.</summary>
    public bool MayCall(HttpContext http, Client client) => MayCall(http, byClient, client.Id);

    /// <summary>Stands before an endpoint that browsers are sent to.</summary>
    public static async ValueTask<object?> BeforeBrowsersAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next) =>
        context.HttpContext.RequestServices.GetRequiredService<ConnectLimits>().MayCall(context.HttpContext)
            ? await next(context) : new FaultPage(Faults.OfStatus(StatusCodes.Status429TooManyRequests));

    // RFC 6585, 4.
    static bool MayCall<TKey>(HttpContext http, MinuteLimit<TKey> limit, TKey caller)
        where TKey : notnull
    {
        if (limit.TryTake(caller, out var wait)) return true;
        http.Response.Headers.RetryAfter = Math.Max(1, Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        return false;
    }

    public void Dispose()
    {
        byNetwork.Dispose();
        byClient.Dispose();
    }
}
