using System.Diagnostics;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Lightning.ServiceDefaults;

/// <summary>
/// Continues a trace across browser redirects. A redirected browser sends no <c>traceparent</c> header, so each step of
/// a sign-in would start its own trace; here the trace context comes from the URL. It affects nothing but tracing.
/// </summary>
public static class TraceContinuation
{
    const string Item = "trace";

    /// <summary>
    /// The current trace context in the format of <c>traceparent</c> (W3C Trace Context, 3.2); null if the request is
    /// not traced.
    /// </summary>
    public static string? Current => Activity.Current is { IdFormat: ActivityIdFormat.W3C, Id: { } id } ? id : null;

    /// <summary>Stores the current trace context in the properties of a sign-in.</summary>
    public static void Store(AuthenticationProperties properties)
    {
        ArgumentNullException.ThrowIfNull(properties);
        if (Current is { } here)
            properties.Items[Item] = here;
    }

    /// <summary>The trace context in which a sign-in started; null if unknown.</summary>
    public static string? Restore(AuthenticationProperties? properties) =>
        properties?.Items.TryGetValue(Item, out var trace) == true ? trace : null;

    /// <summary>Continues the trace that the URL names, for requests without a <c>traceparent</c> header.</summary>
    /// <param name="services">The service collection.</param>
    /// <param name="traceOf">Returns the trace context that the URL names, or null. Runs first for each request, so it
    /// must be fast.</param>
    public static IServiceCollection ContinueTraces(
        this IServiceCollection services,
        Func<HttpRequest, string?> traceOf
    )
    {
        ArgumentNullException.ThrowIfNull(traceOf);
        services.AddHttpContextAccessor();
        // The host creates the request's span with this propagator, so the span itself belongs to the trace.
        return services.AddSingleton<DistributedContextPropagator>(provider => new Propagator(
            provider.GetRequiredService<IHttpContextAccessor>(),
            traceOf
        ));
    }

    sealed class Propagator(IHttpContextAccessor accessor, Func<HttpRequest, string?> traceOf)
        : DistributedContextPropagator
    {
        readonly DistributedContextPropagator headers = DistributedContextPropagator.Current;

        public override IReadOnlyCollection<string> Fields => headers.Fields;

        public override void Inject(Activity? activity, object? carrier, PropagatorSetterCallback? setter) =>
            headers.Inject(activity, carrier, setter);

        public override void ExtractTraceIdAndState(
            object? carrier,
            PropagatorGetterCallback? getter,
            out string? traceId,
            out string? traceState
        )
        {
            headers.ExtractTraceIdAndState(carrier, getter, out traceId, out traceState);
            // The HttpContext already exists: its factory runs first.
            if (
                traceId is null
                && accessor.HttpContext?.Request is { } request
                && traceOf(request) is { } named
                && ActivityContext.TryParse(named, null, out _)
            )
                traceId = named;
        }

        public override IEnumerable<KeyValuePair<string, string?>>? ExtractBaggage(
            object? carrier,
            PropagatorGetterCallback? getter
        ) => headers.ExtractBaggage(carrier, getter);
    }
}
