using System.Linq.Expressions;
using Lightning.Authorization;
using Microsoft.EntityFrameworkCore.Metadata;

namespace Lightning.Admin.Engine.Registrations;

/// <summary>
/// A non-generic view of a <see cref="Policy{T}"/>, for callers that know the entity's type only at run time.
/// </summary>
abstract class EntityRules
{
    /// <summary>Whether the policy covers a field for a verb.</summary>
    public abstract bool Reaches(Verb verb, string field);

    /// <summary>The fields that a verb covers; null means all.</summary>
    public abstract IReadOnlySet<string>? Fields(Verb verb);

    /// <summary>Whether any rule allows the verb.</summary>
    public abstract bool Knows(Verb verb);

    /// <summary>The filter for the rows on which the actor may perform the verb; null means all rows.</summary>
    public abstract LambdaExpression? Scope(Actor actor, Verb verb);

    /// <summary>Whether the actor could perform the verb on any row.</summary>
    public abstract bool IsPossible(Actor actor, Verb verb);

    /// <summary>Whether a navigation may be read: itself, or all of its foreign key columns.</summary>
    public bool ReachesNavigation(INavigationBase navigation) =>
        Reaches(Verb.Read, navigation.Name)
        || (
            navigation is INavigation { IsOnDependent: true } reference
            && reference.ForeignKey.Properties.All(column => Reaches(Verb.Read, column.Name))
        );

    /// <summary>The rules of an entity; null if it has no policy.</summary>
    public static EntityRules? Find(IServiceProvider services, Type entity) =>
        services.GetService(typeof(Policy<>).MakeGenericType(entity)) is { } policy
            ? (EntityRules)Activator.CreateInstance(typeof(Of<>).MakeGenericType(entity), policy)!
            : null;

    sealed class Of<T>(Policy<T> policy) : EntityRules
        where T : class
    {
        public override bool Reaches(Verb verb, string field) => policy.Reaches(verb, field);

        public override IReadOnlySet<string>? Fields(Verb verb) => policy.Fields(verb);

        public override bool Knows(Verb verb) => policy.Verbs.Contains(verb);

        public override LambdaExpression? Scope(Actor actor, Verb verb)
        {
            var condition = policy.Scope(actor, verb);
            return condition == Condition<T>.Always ? null : condition.Expression;
        }

        public override bool IsPossible(Actor actor, Verb verb) => policy.IsPossible(actor, verb);
    }
}
