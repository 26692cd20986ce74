using System.Reflection;
using Microsoft.AspNetCore.Http.Metadata;

namespace Lightning.Api;

/// <summary>The query parameters that an endpoint reads.</summary>
sealed record KnownQuery(IReadOnlySet<string> Names)
{
    /// <summary>What the framework binds from the query: plain values that neither stand in the path nor are said to come from elsewhere.</summary>
    public static KnownQuery Of(EndpointBuilder endpoint)
    {
        var path = ((RouteEndpointBuilder)endpoint).RoutePattern.Parameters.Select(parameter => parameter.Name).ToHashSet(StringComparer.OrdinalIgnoreCase);
        return new(endpoint.Metadata.OfType<IParameterBindingMetadata>().Where(IsPlain).Select(parameter => parameter.ParameterInfo)
            .Where(parameter => !path.Contains(parameter.Name!) && !IsFromElsewhere(parameter))
            .Select(parameter => parameter.GetCustomAttributes().OfType<IFromQueryMetadata>().FirstOrDefault()?.Name ?? parameter.Name!)
            .ToHashSet(StringComparer.OrdinalIgnoreCase));
    }

    static bool IsPlain(IParameterBindingMetadata parameter) => !parameter.HasBindAsync && (parameter.HasTryParse || parameter.ParameterInfo.ParameterType == typeof(string));

    static bool IsFromElsewhere(ParameterInfo parameter) =>
        parameter.GetCustomAttributes().Any(attribute => attribute is IFromHeaderMetadata or IFromRouteMetadata or IFromBodyMetadata or IFromFormMetadata or IFromServiceMetadata);
}

/// <summary>
/// Queries that say no more than was asked: a parameter that the endpoint does not read, or that stands twice, is refused. A misspelt filter would else list
/// everything, and look as if it had not.
/// </summary>
static class StrictQuery
{
    /// <summary>After it is known who asks: nobody learns an endpoint's parameters who may not call it.</summary>
    public static void UseStrictQueries(this WebApplication app) => app.Use((context, next) =>
    {
        if (!context.Request.QueryString.HasValue || context.GetEndpoint()?.Metadata.GetMetadata<KnownQuery>() is not { } known) return next(context);
        var faults = context.Request.Query.Where(parameter => !known.Names.Contains(parameter.Key) || parameter.Value.Count > 1)
            .ToDictionary(parameter => parameter.Key, parameter => new[] { known.Names.Contains(parameter.Key) ? "Stands more than once." : "Unknown; leave it out." });
        return faults.Count == 0 ? next(context) : TypedResults.ValidationProblem(faults).ExecuteAsync(context);
    });
}
