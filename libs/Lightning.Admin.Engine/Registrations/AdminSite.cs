using System.Collections.Concurrent;
using System.Reflection;
using Lightning.Admin.Engine.Audit;
using Lightning.Admin.Engine.FullText;
using Lightning.Authorization;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Metadata;

namespace Lightning.Admin.Engine.Registrations;

/// <summary>All registrations, with the EF model and the policies they depend on.</summary>
public sealed class AdminSite
{
    readonly ConcurrentDictionary<Type, EntityRules?> rules = new();
    readonly IServiceProvider services;

    /// <summary>Resolves every field of every registration in the EF model.</summary>
    /// <param name="registrations">The registrations.</param>
    /// <param name="audit">The audit log.</param>
    /// <param name="services">The services, for the policies and the database context.</param>
    /// <exception cref="InvalidRegistrationException">A registration's entity is not in the model.</exception>
    public AdminSite(IEnumerable<Registration> registrations, IAuditLog audit, IServiceProvider services)
    {
        Audit = audit;
        TextSearch = services.GetService<ITextSearch>() ?? new SimpleTextSearch();
        this.services = services;
        using var scope = services.CreateScope();
        var db = scope.ServiceProvider.GetRequiredService<DbContext>();
        Model = db.Model;
        Policies =
        [
            .. Model
                .GetEntityTypes()
                .Select(entity => services.GetService(typeof(Policy<>).MakeGenericType(entity.ClrType)))
                .OfType<IPolicy>()
                .Distinct(),
        ];
        var design = db.GetService<IDesignTimeModel>().Model;
        Registrations = [.. registrations.OrderBy(registration => registration.Title, StringComparer.Ordinal)];
        foreach (var registration in Registrations)
            registration.Bind(
                Model.FindEntityType(registration.Entity)
                    ?? throw new InvalidRegistrationException(
                        $"{registration.GetType().Name} registers {registration.Entity.Name}, which is not an entity "
                            + $"of the model: add it to the context."
                    ),
                design.FindEntityType(registration.Entity)!,
                audit.SubjectOf(registration.Entity)
            );
    }

    /// <summary>The registrations, in menu order.</summary>
    public IReadOnlyList<Registration> Registrations { get; }

    internal IModel Model { get; }

    /// <summary>The text search of large tables.</summary>
    internal ITextSearch TextSearch { get; }

    /// <summary>The audit log.</summary>
    internal IAuditLog Audit { get; }

    /// <summary>The policies of all entities: a list may depend on any of them.</summary>
    internal IReadOnlyList<IPolicy> Policies { get; }

    /// <summary>The compiled queries of the unfiltered lists.</summary>
    internal CompiledQueries Queries { get; } = new();

    /// <summary>The registration with a slug; null if there is none.</summary>
    public Registration? Find(string slug) => Registrations.FirstOrDefault(registration => registration.Slug == slug);

    internal Registration? Of(Type entity) =>
        Registrations.FirstOrDefault(registration => registration.Entity == entity);

    /// <summary>The registrations of which the actor may read any row.</summary>
    public IEnumerable<Registration> VisibleTo(Actor actor) =>
        Registrations.Where(registration => RulesOf(registration.Entity).IsPossible(actor, Verb.Read));

    /// <summary>The policy of an entity.</summary>
    /// <exception cref="InvalidOperationException">The entity has no policy; the validation at startup rules
    /// that out.</exception>
    internal EntityRules RulesOf(Type entity) =>
        FindRules(entity) ?? throw new InvalidOperationException($"{entity.Name} has no policy.");

    internal EntityRules? FindRules(Type entity) => rules.GetOrAdd(entity, type => EntityRules.Find(services, type));

    internal Policy<T> PolicyOf<T>()
        where T : class => services.GetRequiredService<Policy<T>>();

    internal INavigationBase? Navigation(Type entity, MemberInfo member) =>
        Model.FindEntityType(entity) is { } type
            ? (INavigationBase?)type.FindNavigation(member.Name) ?? type.FindSkipNavigation(member.Name)
            : null;
}
