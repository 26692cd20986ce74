using System.Reflection;
using Microsoft.AspNetCore.Http.Metadata;

namespace Lightning.Api;

/// <summary>The names of the query parameters that an endpoint binds.</summary>
sealed record QueryParameters(IReadOnlySet<string> Names)
{
    /// <summary>
    /// The parameters that the framework binds from the query: simple types without another source.
    /// </summary>
    public static QueryParameters GetParameters(EndpointBuilder endpoint)
    {
        var path = ((RouteEndpointBuilder)endpoint)
            .RoutePattern.Parameters.Select(parameter => parameter.Name)
            .ToHashSet(StringComparer.OrdinalIgnoreCase);
        return new(
            endpoint
                .Metadata.OfType<IParameterBindingMetadata>()
                .Where(IsSimple)
                .Select(parameter => parameter.ParameterInfo)
                .Where(parameter => !path.Contains(parameter.Name!) && !HasOtherSource(parameter))
                .Select(parameter =>
                    parameter.GetCustomAttributes().OfType<IFromQueryMetadata>().FirstOrDefault()?.Name
                    ?? parameter.Name!
                )
                .ToHashSet(StringComparer.OrdinalIgnoreCase)
        );
    }

    static bool IsSimple(IParameterBindingMetadata parameter) =>
        !parameter.HasBindAsync && (parameter.HasTryParse || parameter.ParameterInfo.ParameterType == typeof(string));

    static bool HasOtherSource(ParameterInfo parameter) =>
        parameter
            .GetCustomAttributes()
            .Any(attribute =>
                attribute
                    is IFromHeaderMetadata
                        or IFromRouteMetadata
                        or IFromBodyMetadata
                        or IFromFormMetadata
                        or IFromServiceMetadata
            );
}

/// <summary>
/// Rejects unknown and repeated query parameters with 400. Otherwise a misspelt filter would list everything.
/// </summary>
static class StrictQuery
{
    /// <summary>Call after authorization, which comes first.</summary>
    public static void UseStrictQueries(this WebApplication app) =>
        app.Use(
            (context, next) =>
            {
                if (
                    !context.Request.QueryString.HasValue
                    || context.GetEndpoint()?.Metadata.GetMetadata<QueryParameters>() is not { } parameters
                )
                    return next(context);
                var errors = context
                    .Request.Query.Where(parameter =>
                        !parameters.Names.Contains(parameter.Key) || parameter.Value.Count > 1
                    )
                    .ToDictionary(
                        parameter => parameter.Key,
                        parameter =>
                            new[]
                            {
                                parameters.Names.Contains(parameter.Key)
                                    ? "Specified more than once."
                                    : "Unknown parameter.",
                            }
                    );
                return errors.Count == 0 ? next(context) : TypedResults.ValidationProblem(errors).ExecuteAsync(context);
            }
        );
}
