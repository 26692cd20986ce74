using System.Diagnostics;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Lightning.ServiceDefaults;

/// <summary>
/// Lets a request go on with the trace that its address names. A browser that one service sends to another brings no <c>traceparent</c>, and one
/// sign-in would be as many traces as it has steps. What an address says decides which spans are shown together, and nothing else.
/// </summary>
public static class AddressedTraces
{
    const string Item = "trace";

    /// <summary>The request's place in its trace, as <c>traceparent</c> has it (W3C Trace Context, 3.2); null where nothing traces it.</summary>
    public static string? Here => Activity.Current is { IdFormat: ActivityIdFormat.W3C, Id: { } id } ? id : null;

    /// <summary>Puts the request's place into what a sign-in elsewhere brings back.</summary>
    public static void Remember(AuthenticationProperties properties)
    {
        ArgumentNullException.ThrowIfNull(properties);
        if (Here is { } here) properties.Items[Item] = here;
    }

    /// <summary>The trace that a sign-in began in; null where it is not known.</summary>
    public static string? Recall(AuthenticationProperties? properties) => properties?.Items.TryGetValue(Item, out var trace) == true ? trace : null;

    /// <summary>Asks of every request that brings no <c>traceparent</c> itself.</summary>
    /// <param name="services">The service's own.</param>
    /// <param name="traceOf">What the address names; it is asked before anything else is done with the request, so it has to be quick.</param>
    public static IServiceCollection ContinueTraces(this IServiceCollection services, Func<HttpRequest, string?> traceOf)
    {
        ArgumentNullException.ThrowIfNull(traceOf);
        services.AddHttpContextAccessor();
        // The host makes a request's span by this one, so the span itself stands in the trace, and not only what is done within it.
        return services.AddSingleton<DistributedContextPropagator>(provider => new Propagator(provider.GetRequiredService<IHttpContextAccessor>(), traceOf));
    }

    sealed class Propagator(IHttpContextAccessor accessor, Func<HttpRequest, string?> traceOf) : DistributedContextPropagator
    {
        readonly DistributedContextPropagator headers = Current;

        public override IReadOnlyCollection<string> Fields => headers.Fields;

        public override void Inject(Activity? activity, object? carrier, PropagatorSetterCallback? setter) => headers.Inject(activity, carrier, setter);

        public override void ExtractTraceIdAndState(object? carrier, PropagatorGetterCallback? getter, out string? traceId, out string? traceState)
        {
            headers.ExtractTraceIdAndState(carrier, getter, out traceId, out traceState);
            // There is a context already: its factory runs first.
            if (traceId is null && accessor.HttpContext?.Request is { } request && traceOf(request) is { } named && ActivityContext.TryParse(named, null, out _)) traceId = named;
        }

        public override IEnumerable<KeyValuePair<string, string?>>? ExtractBaggage(object? carrier, PropagatorGetterCallback? getter) => headers.ExtractBaggage(carrier, getter);
    }
}
