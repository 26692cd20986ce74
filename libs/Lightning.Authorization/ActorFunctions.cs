using System.Linq.Expressions;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Microsoft.EntityFrameworkCore.Metadata.Conventions;
using Microsoft.EntityFrameworkCore.Metadata.Conventions.Infrastructure;
using Microsoft.EntityFrameworkCore.Query.SqlExpressions;
using Microsoft.EntityFrameworkCore.Storage;

namespace Lightning.Authorization;

/// <summary>Stand for functions of the database while a rule is translated. They are never called.</summary>
static class ActorFunctions
{
    /// <summary>The actor's id.</summary>
    public static Guid Actor() => throw NotCalled();

    /// <summary>Whether a trait of the actor holds.</summary>
    public static bool ActsAs(string what) => throw NotCalled();

    /// <summary>The ids of the organizations that the actor is a member, administrator or owner of.</summary>
    public static Guid[] MemberOf() => throw NotCalled();

    /// <summary>The ids of the organizations that the actor is an administrator or owner of.</summary>
    public static Guid[] AdminOf() => throw NotCalled();

    /// <summary>The ids of the organizations that the actor is an owner of.</summary>
    public static Guid[] OwnerOf() => throw NotCalled();

    /// <summary>
    /// Whether an array of the functions above contains an id. EF translates this of parameters only.
    /// </summary>
    public static bool Contains(Guid[] ids, Guid id) => throw NotCalled();

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
            modelBuilder
                .HasDbFunction(typeof(ActorFunctions).GetMethod(nameof(Contains))!, fromDataAnnotation: true)!
                .HasTranslation(
                    arguments => new SqlBinaryExpression(
                        ExpressionType.Equal,
                        arguments[1],
                        new SqlFunctionExpression(
                            "ANY",
                            [arguments[0]],
                            nullable: false,
                            argumentsPropagateNullability: [false],
                            typeof(Guid),
                            arguments[1].TypeMapping
                        ),
                        typeof(bool),
                        BoolTypeMapping.Default
                    ),
                    fromDataAnnotation: true
                );
        }
    }

    /// <summary>The types of what the functions about the actor return, by name.</summary>
    public static IReadOnlyDictionary<string, Type> ReturnTypes =>
        Names
            .Where(function => function.Method != nameof(Part))
            .ToDictionary(
                function => function.Name,
                function => typeof(ActorFunctions).GetMethod(function.Method)!.ReturnType,
                StringComparer.Ordinal
            );

    static readonly (string Method, string Name)[] Names =
    [
        (nameof(Actor), "actor"),
        (nameof(ActsAs), "acts_as"),
        (nameof(MemberOf), "member_of"),
        (nameof(AdminOf), "admin_of"),
        (nameof(OwnerOf), "owner_of"),
        (nameof(Part), "part"),
    ];
}
