using System.Collections.Concurrent;
using System.Reflection;
using Lightning.Data.Rules;
using Lightning.ServiceDefaults;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Metadata;

namespace Lightning.Admin.Registrations;

/// <summary>All registrations, with the model and the policies that they stand on.</summary>
public sealed class AdminSite
{
    readonly ConcurrentDictionary<Type, EntityRules?> rules = new();
    readonly IServiceProvider services;

    /// <summary>Finds every field of every registration in the model.</summary>
    /// <exception cref="ConfigurationException">A registration is about something that the model does not have.</exception>
    public AdminSite(IEnumerable<Registration> registrations, IServiceProvider services)
    {
        this.services = services;
        using var scope = services.CreateScope();
        var db = scope.ServiceProvider.GetRequiredService<DbContext>();
        Model = db.Model;
        Policies = [.. Model.GetEntityTypes().Select(entity => services.GetService(typeof(Policy<>).MakeGenericType(entity.ClrType))).OfType<IPolicy>().Distinct()];
        var design = db.GetService<IDesignTimeModel>().Model;
        Registrations = [.. registrations.OrderBy(registration => registration.Title, StringComparer.Ordinal)];
        foreach (var registration in Registrations)
            registration.Find(Model.FindEntityType(registration.Entity)
                ?? throw new ConfigurationException($"{registration.GetType().Name} is about {registration.Entity.Name}, which is no entity of the model: add it to the context."),
                design.FindEntityType(registration.Entity)!);
    }

    /// <summary>The registrations, in the order of the menu.</summary>
    public IReadOnlyList<Registration> Registrations { get; }

    internal IModel Model { get; }

    /// <summary>The policies of all entities: any of them may have a say in a list.</summary>
    internal IReadOnlyList<IPolicy> Policies { get; }

    /// <summary>The lists as they are opened.</summary>
    internal CompiledQueries Queries { get; } = new();

    /// <summary>The registration of a name in addresses.</summary>
    public Registration? Find(string slug) => Registrations.FirstOrDefault(registration => registration.Slug == slug);

    internal Registration? Of(Type entity) => Registrations.FirstOrDefault(registration => registration.Entity == entity);

    /// <summary>The registrations that the actor may read anything of.</summary>
    public IEnumerable<Registration> VisibleTo(Actor actor) => Registrations.Where(registration => RulesOf(registration.Entity).IsPossible(actor, Verb.Read));

    /// <summary>The policy of an entity.</summary>
    /// <exception cref="InvalidOperationException">It has none; at the start it was seen that every entity that is reached has.</exception>
    internal EntityRules RulesOf(Type entity) => FindRules(entity) ?? throw new InvalidOperationException($"{entity.Name} has no policy.");

    internal EntityRules? FindRules(Type entity) => rules.GetOrAdd(entity, type => EntityRules.Find(services, type));

    internal Policy<T> PolicyOf<T>()
        where T : class => services.GetRequiredService<Policy<T>>();

    internal INavigationBase? Navigation(Type entity, MemberInfo member) => Model.FindEntityType(entity) is { } type
        ? (INavigationBase?)type.FindNavigation(member.Name) ?? type.FindSkipNavigation(member.Name) : null;
}

/// <summary>Whoever asks, and what their answer is made from.</summary>
/// <param name="Site">The site.</param>
/// <param name="Db">The database.</param>
/// <param name="Actor">Who asks.</param>
/// <param name="Clock">The time.</param>
public sealed record AdminRequest(AdminSite Site, DbContext Db, Actor Actor, TimeProvider Clock)
{
    /// <summary>Now, to the microsecond, as the database keeps it.</summary>
    internal DateTimeOffset Now => Clock.GetUtcNow().ToMicroseconds();
}
