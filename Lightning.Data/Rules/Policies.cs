using Lightning.ServiceDefaults;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Lightning.Data.Rules;

/// <summary>A policy, whatever it is about.</summary>
public interface IPolicy
{
    /// <summary>The verbs that somebody may use.</summary>
    IReadOnlyCollection<Verb> Verbs { get; }

    /// <summary>The fields that a verb reaches; null stands for all.</summary>
    IReadOnlySet<string>? Fields(Verb verb);

    /// <summary>Every single rule behind every verb: what it is called, and an attempt to make SQL of it.</summary>
    internal IEnumerable<(string Name, Action<DbContext> Translate)> Translations { get; }

    /// <summary>How the rules decide that ask about the actor only, a bit each. Two actors for whom they decide alike have the same conditions, but for values.</summary>
    internal long DecidedFor(Actor actor);
}

/// <summary>The product's policies.</summary>
public static class Policies
{
    /// <summary>Adds every policy of this assembly by its own type, and by the kind of object that it is about.</summary>
    internal static void AddPolicies(this IServiceCollection services)
    {
        services.AddSingleton<CompiledQueries>();
        foreach (var policy in typeof(Policies).Assembly.GetTypes().Where(type => type is { IsAbstract: false } && type.IsAssignableTo(typeof(IPolicy))))
        {
            services.AddSingleton(policy);
            services.AddSingleton(typeof(IPolicy), provider => provider.GetRequiredService(policy));
            if (policy.BaseType is { IsGenericType: true } kind) services.AddSingleton(kind, provider => provider.GetRequiredService(policy));
        }
    }

    /// <summary>Makes SQL of every rule once, so that one that cannot be translated stops the start and not a request.</summary>
    /// <exception cref="ConfigurationException">One cannot be; the sentence says which and how to mend it.</exception>
    public static T RequireTranslatableRules<T>(this T app)
        where T : IHost
    {
        ArgumentNullException.ThrowIfNull(app);
        using var scope = app.Services.CreateScope();
        Check(scope.ServiceProvider.GetRequiredService<LightningDb>(), app.Services.GetServices<IPolicy>());
        return app;
    }

    internal static void Check(DbContext db, IEnumerable<IPolicy> policies)
    {
        foreach (var (name, translate) in policies.Where(policy => policy is not HeadlessPolicy).SelectMany(policy => policy.Translations))
            try
            {
                translate(db);
            }
            catch (InvalidOperationException fault)
            {
                throw new ConfigurationException(
                    $"The rule \"{name}\" cannot be made into SQL ({fault.Message.Split('\n')[0].TrimEnd('.')}): write it with columns, navigations and values of the actor.", fault);
            }
    }
}
