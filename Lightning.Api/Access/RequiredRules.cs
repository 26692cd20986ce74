using System.Globalization;
using Lightning.Data;
using Lightning.Data.Rules;
using Lightning.ServiceDefaults;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Api.Access;

/// <summary>Which rule an endpoint requires: of the object that its address names, or, where it names none, that such an object is possible at all.</summary>
sealed record RequiredRule(Type Subject, Verb Verb, bool OfAnObject);

/// <summary>Endpoints that state which rule they require.</summary>
static class RequiredRules
{
    /// <summary>What addresses call an object's key.</summary>
    const string Key = "id";

    /// <summary>The two queries of an object by its key: to be shown, and to be changed.</summary>
    const string Shown = "shown", Loaded = "loaded";

    /// <summary>
    /// Requires that the caller may do this. The object is loaded through the caller's scope and handed to the handler as a <see cref="Target{T}"/>: what lies
    /// outside is 404, as what does not exist; inside, what is not allowed is 403 and says why. Both are decided before the handler looks at any precondition.
    /// </summary>
    public static RouteHandlerBuilder Requires<T>(this RouteHandlerBuilder endpoint, Verb verb)
        where T : class
    {
        endpoint.Add(builder =>
        {
            var rule = new RequiredRule(typeof(T), verb, ((RouteEndpointBuilder)builder).RoutePattern.GetParameter(Key) is not null);
            builder.Metadata.Add(rule);
            if (rule.OfAnObject) builder.Metadata.Add(Answers(StatusCodes.Status404NotFound));
            if (builder.Metadata.OfType<IAcceptsMetadata>().FirstOrDefault() is not { RequestType: { } body }) return;
            var fields = new WrittenFields(body, builder.ApplicationServices);
            if (fields.Writes.Entity == typeof(T) && !fields.Writes.Verbs.Contains(verb))
                throw new ConfigurationException($"{builder.DisplayName} requires {verb} of {typeof(T).Name}, which {body.Name} does not write by: name Verb.{verb} in its [Writes<…>], or take another body.");
            builder.Metadata.Add(fields);
            builder.Metadata.Add(Answers(StatusCodes.Status413PayloadTooLarge));
            builder.Metadata.Add(Answers(StatusCodes.Status415UnsupportedMediaType));
        });
        endpoint.Finally(builder => builder.Metadata.Add(KnownQuery.Of(builder)));
        return endpoint.AddEndpointFilterFactory((made, next) =>
        {
            var target = Array.FindIndex(made.MethodInfo.GetParameters(), parameter => parameter.ParameterType == typeof(Target<T>));
            return target >= 0 ? call => OfAnObjectAsync<T>(call, next, verb, target) : call => AtAllAsync<T>(call, next, verb);
        });
    }

    static ProducesResponseTypeMetadata Answers(int status) => new(status, typeof(ProblemDetails), ["application/problem+json"]);

    static async ValueTask<object?> OfAnObjectAsync<T>(EndpointFilterInvocationContext call, EndpointFilterDelegate next, Verb verb, int target)
        where T : class
    {
        var (http, services) = (call.HttpContext, call.HttpContext.RequestServices);
        var (db, policy, actor) = (services.GetRequiredService<LightningDb>(), services.GetRequiredService<Policy<T>>(), services.GetRequiredService<Actor>());
        var key = Guid.Parse((string)http.GetRouteValue(Key)!, CultureInfo.InvariantCulture);
        var (isRead, queries) = (verb == Verb.Read, services.GetRequiredService<CompiledQueries>());
        var found = await queries.RunAsync(db, policy, Verb.Read, new(actor, key), isRead ? Shown : Loaded, asked => (isRead ? db.Set<T>().AsNoTracking() : db.Set<T>())
            .Where(policy, asked.Actor, Verb.Read).Where(row => EF.Property<Guid>(row, "Id") == asked.Key).Guard(policy, asked.Actor))
            .SingleOrDefaultAsync(http.RequestAborted);
        if (found is null) return TypedResults.NotFound();
        if (!isRead && !policy.May(actor, verb, found)) return await Refusal.OfAsync(db, policy, actor, verb, found.Row, http.RequestAborted);
        ((Target<T>)call.Arguments[target]!).Guarded = found;
        return await next(call);
    }

    static ValueTask<object?> AtAllAsync<T>(EndpointFilterInvocationContext call, EndpointFilterDelegate next, Verb verb)
        where T : class
    {
        var services = call.HttpContext.RequestServices;
        var (policy, actor) = (services.GetRequiredService<Policy<T>>(), services.GetRequiredService<Actor>());
        return policy.IsPossible(actor, verb) ? next(call) : ValueTask.FromResult<object?>(Refusal.AtAll(policy, actor, verb));
    }

    /// <summary>Denied by default: an endpoint for people that requires no rule, or one that no policy knows, stops the start. Call when everything is mapped.</summary>
    /// <exception cref="ConfigurationException">Names the endpoints and what to add.</exception>
    public static WebApplication RequireStatedRules(this WebApplication app)
    {
        foreach (var endpoint in ((IEndpointRouteBuilder)app).DataSources.SelectMany(source => source.Endpoints))
        {
            if (endpoint.Metadata.GetMetadata<IAllowAnonymous>() is not null) continue;
            if (endpoint.Metadata.GetMetadata<RequiredRule>() is not { } rule)
                throw new ConfigurationException($"No rule is stated for {endpoint.DisplayName}: add .Requires<…>(Verb.…) where it is mapped.");
            if (app.Services.GetService(typeof(Policy<>).MakeGenericType(rule.Subject)) is not IPolicy policy)
                throw new ConfigurationException($"{endpoint.DisplayName} requires a rule of {rule.Subject.Name}, which has no policy: write a {rule.Subject.Name}Policy beside it.");
            if (!policy.Verbs.Contains(rule.Verb))
                throw new ConfigurationException($"{endpoint.DisplayName} requires {rule.Verb} of {rule.Subject.Name}, which its policy allows nobody: add Allow(Verb.{rule.Verb}, …) to {policy.GetType().Name}.");
        }
        return app;
    }
}
