using System.Reflection;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Lightning.Authorization;

/// <summary>A policy for any type of object.</summary>
public interface IPolicy
{
    /// <summary>The verbs that the policy allows to some actors.</summary>
    IReadOnlyCollection<Verb> Verbs { get; }

    /// <summary>The fields that a verb covers; null means all.</summary>
    IReadOnlySet<string>? Fields(Verb verb);

    /// <summary>Every rule of every verb: its name, and an action that translates it to SQL.</summary>
    internal IEnumerable<(string Name, Action<DbContext> Translate)> Translations { get; }

    /// <summary>The type of object that the policy is about.</summary>
    internal Type Entity { get; }

    /// <summary>The row-level security of its table.</summary>
    internal RowSecurityScript GenerateRowSecurity(DbContext db, RowSecurityTarget target);

    /// <summary>
    /// The outcomes of the actor rules, one bit each. Actors with equal outcomes have the same conditions, except for
    /// parameter values.
    /// </summary>
    internal long DecidedFor(Actor actor);
}

/// <summary>The policies of an application.</summary>
public static class Policies
{
    /// <summary>The meter that counts decisions by policy, verb and outcome.</summary>
    public const string MeterName = "Lightning.Rules";

    /// <summary>
    /// Adds every policy of an assembly by its own type and by the type of the entity that it is about.
    /// </summary>
    public static IServiceCollection AddPolicies(this IServiceCollection services, Assembly assembly)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(assembly);
        services.AddSingleton<CompiledQueries>();
        foreach (
            var policy in assembly
                .GetTypes()
                .Where(type => type is { IsAbstract: false } && type.IsAssignableTo(typeof(IPolicy)))
        )
        {
            services.AddSingleton(policy);
            services.AddSingleton(typeof(IPolicy), provider => provider.GetRequiredService(policy));
            if (policy.BaseType is { IsGenericType: true } kind)
                services.AddSingleton(kind, provider => provider.GetRequiredService(policy));
        }
        return services;
    }

    /// <summary>
    /// Translates every rule of every policy to SQL once, so that an application with a rule that has no SQL does not
    /// start.
    /// </summary>
    /// <exception cref="PolicyTranslationException">A rule cannot be translated.</exception>
    public static void Check(DbContext db, IEnumerable<IPolicy> policies)
    {
        foreach (
            var (name, translate) in policies
                .Where(policy => policy is not ActorPolicy)
                .SelectMany(policy => policy.Translations)
        )
            try
            {
                translate(db);
            }
            catch (InvalidOperationException ex)
            {
                throw new PolicyTranslationException(
                    $"The rule \"{name}\" cannot be made into SQL ({ex.Message.Split('\n')[0].TrimEnd('.')}): "
                        + $"write it with columns, navigations and values of the actor.",
                    ex
                );
            }
    }
}
