using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Microsoft.EntityFrameworkCore.Metadata.Conventions;
using Microsoft.EntityFrameworkCore.Metadata.Conventions.Infrastructure;

namespace Lightning.Authorization;

/// <summary>Stand for functions of the database while a rule is translated. They are never called.</summary>
static class ActorFunctions
{
    /// <summary>The actor's id.</summary>
    public static Guid Actor() => throw NotCalled();

    /// <summary>Whether a trait of the actor holds.</summary>
    public static bool ActsAs(string what) => throw NotCalled();

    /// <summary>The result of a rule that is a function, by its place in the policy.</summary>
    public static bool Part(int place) => throw NotCalled();

    static InvalidOperationException NotCalled() => new("The database evaluates it.");

    /// <summary>Adds the functions to the model that translates the rules.</summary>
    /// <param name="schema">The schema of the functions.</param>
    public sealed class Plugin(string schema) : IConventionSetPlugin, IModelInitializedConvention
    {
        public ConventionSet ModifyConventions(ConventionSet conventionSet)
        {
            conventionSet.ModelInitializedConventions.Add(this);
            return conventionSet;
        }

        public void ProcessModelInitialized(
            IConventionModelBuilder modelBuilder,
            IConventionContext<IConventionModelBuilder> context
        )
        {
            foreach (var (method, name) in Names)
                modelBuilder
                    .HasDbFunction(typeof(ActorFunctions).GetMethod(method)!, fromDataAnnotation: true)!
                    .HasName(name, fromDataAnnotation: true)!
                    .HasSchema(schema, fromDataAnnotation: true)!
                    .IsNullable(nullable: false, fromDataAnnotation: true);
        }
    }

    static readonly (string Method, string Name)[] Names =
    [
        (nameof(Actor), "actor"),
        (nameof(ActsAs), "acts_as"),
        (nameof(Part), "part"),
    ];
}
