using System.Globalization;
using Lightning.Authorization;
using Lightning.ServiceDefaults;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Api.Access;

/// <summary>The rule that an endpoint requires.</summary>
/// <param name="EntityType">The entity that the rule is about.</param>
/// <param name="Verb">The operation.</param>
/// <param name="HasTarget">Whether the route names an object. If not, the rule must hold for some object.</param>
sealed record RequiredRule(Type EntityType, Verb Verb, bool HasTarget);

/// <summary>Authorizes endpoints by policy rules.</summary>
static class RequiredRules
{
    /// <summary>The route parameter with the object's key.</summary>
    const string Key = "id";

    /// <summary>The names of the two compiled queries for an object: without and with change tracking.</summary>
    const string ReadQuery = "read";
    const string WriteQuery = "write";

    /// <summary>
    /// Requires that the caller may do this. The object is loaded within the caller's scope and passed to the handler
    /// as a <see cref="RouteRow{T}"/>: 404 if it is outside the scope, 403 with the reason if the verb is denied. Both
    /// are decided before preconditions.
    /// </summary>
    public static RouteHandlerBuilder Requires<T>(this RouteHandlerBuilder endpoint, Verb verb)
        where T : class
    {
        endpoint.Add(builder =>
        {
            var rule = new RequiredRule(
                typeof(T),
                verb,
                ((RouteEndpointBuilder)builder).RoutePattern.GetParameter(Key) is not null
            );
            builder.Metadata.Add(rule);
            if (rule.HasTarget)
                builder.Metadata.Add(ProblemResponse(StatusCodes.Status404NotFound));
            if (builder.Metadata.OfType<IAcceptsMetadata>().FirstOrDefault() is not { RequestType: { } body })
                return;
            var fields = new WritableFields(body, builder.ApplicationServices);
            if (fields.Writes.Entity == typeof(T) && !fields.Writes.Verbs.Contains(verb))
                throw new ConfigurationException(
                    $"{builder.DisplayName} requires {verb} of {typeof(T).Name}, but {body.Name} does not list that "
                        + $"verb: add Verb.{verb} to its [Writes<…>], or use another body type."
                );
            builder.Metadata.Add(fields);
            builder.Metadata.Add(ProblemResponse(StatusCodes.Status413PayloadTooLarge));
            builder.Metadata.Add(ProblemResponse(StatusCodes.Status415UnsupportedMediaType));
        });
        endpoint.Finally(builder => builder.Metadata.Add(QueryParameters.GetParameters(builder)));
        return endpoint.AddEndpointFilterFactory(
            (factory, next) =>
            {
                var target = Array.FindIndex(
                    factory.MethodInfo.GetParameters(),
                    parameter => parameter.ParameterType == typeof(RouteRow<T>)
                );
                return target >= 0
                    ? invocation => AuthorizeTargetAsync<T>(invocation, next, verb, target)
                    : invocation => AuthorizeTypeAsync<T>(invocation, next, verb);
            }
        );
    }

    static ProducesResponseTypeMetadata ProblemResponse(int status) =>
        new(status, typeof(ProblemDetails), ["application/problem+json"]);

    static async ValueTask<object?> AuthorizeTargetAsync<T>(
        EndpointFilterInvocationContext invocation,
        EndpointFilterDelegate next,
        Verb verb,
        int target
    )
        where T : class
    {
        var http = invocation.HttpContext;
        var context = ResourceContext<T>.Get(http);
        var (db, policy, actor) = (context.Db, context.Policy, context.Actor);
        var key = Guid.Parse((string)http.GetRouteValue(Key)!, CultureInfo.InvariantCulture);
        var isRead = verb == Verb.Read;
        var queries = http.RequestServices.GetRequiredService<CompiledQueries>();
        var found = await queries
            .RunAsync(
                db,
                new PolicyQuery<T, RowWithGrants<T>>(
                    policy,
                    Verb.Read,
                    isRead ? ReadQuery : WriteQuery,
                    arguments =>
                        (isRead ? db.Set<T>().AsNoTracking() : db.Set<T>())
                            .Where(policy, arguments.Actor, Verb.Read)
                            .Where(row => EF.Property<Guid>(row, "Id") == arguments.Key)
                            .WithGrants(policy, arguments.Actor)
                ),
                new(actor, key)
            )
            .SingleOrDefaultAsync(http.RequestAborted);
        if (found is null)
            return TypedResults.NotFound();
        if (!isRead && !policy.May(actor, verb, found))
            return await AuthorizationProblem.ForRowAsync(context, verb, found.Row);
        ((RouteRow<T>)invocation.Arguments[target]!).WithGrants = found;
        return await next(invocation);
    }

    static ValueTask<object?> AuthorizeTypeAsync<T>(
        EndpointFilterInvocationContext invocation,
        EndpointFilterDelegate next,
        Verb verb
    )
        where T : class
    {
        var services = invocation.HttpContext.RequestServices;
        var policy = services.GetRequiredService<Policy<T>>();
        var actor = services.GetRequiredService<Actor>();
        // A list is never denied: its query has the rows that may be read, and perhaps none.
        return verb == Verb.Read || policy.IsPossible(actor, verb)
            ? next(invocation)
            : ValueTask.FromResult<object?>(AuthorizationProblem.ForType(policy, actor, verb));
    }

    /// <summary>
    /// Secure by default: throws if an endpoint that requires authorization states no rule, or one without a policy.
    /// Call after all endpoints are mapped.
    /// </summary>
    /// <exception cref="ConfigurationException">Names the endpoint and the fix.</exception>
    public static WebApplication ValidateRequiredRules(this WebApplication app)
    {
        foreach (var endpoint in ((IEndpointRouteBuilder)app).DataSources.SelectMany(source => source.Endpoints))
        {
            if (endpoint.Metadata.GetMetadata<IAllowAnonymous>() is not null)
                continue;
            if (endpoint.Metadata.GetMetadata<RequiredRule>() is not { } rule)
                throw new ConfigurationException(
                    $"{endpoint.DisplayName} requires no rule: add .Requires<…>(Verb.…) where it is mapped."
                );
            var entity = rule.EntityType.Name;
            if (app.Services.GetService(typeof(Policy<>).MakeGenericType(rule.EntityType)) is not IPolicy policy)
                throw new ConfigurationException(
                    $"{endpoint.DisplayName} requires a rule of {entity}, which has no policy: add a {entity}Policy."
                );
            if (!policy.Verbs.Contains(rule.Verb))
                throw new ConfigurationException(
                    $"{endpoint.DisplayName} requires {rule.Verb} of {entity}, which its policy never allows: add "
                        + $"Allow(Verb.{rule.Verb}, …) to {policy.GetType().Name}."
                );
        }
        return app;
    }
}
