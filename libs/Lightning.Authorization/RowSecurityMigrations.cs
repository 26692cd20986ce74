using System.Diagnostics.CodeAnalysis;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Microsoft.EntityFrameworkCore.Metadata.Conventions;
using Microsoft.EntityFrameworkCore.Metadata.Conventions.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.EntityFrameworkCore.Migrations.Operations;
using Microsoft.Extensions.DependencyInjection;

namespace Lightning.Authorization;

/// <summary>
/// Puts generated row-level security into the model, so that <c>dotnet ef migrations add</c> writes it, and a changed
/// rule without a migration is a pending change of the model.
/// </summary>
public static class RowSecurityMigrations
{
    const string Created = "Lightning:RowSecurity",
        Dropped = "Lightning:RowSecurity:Drop";

    /// <summary>
    /// Generates row-level security for the tables of these policies. Use it where migrations are made, checked and
    /// applied; services do not need it. Call it last, after the provider and the naming convention.
    /// </summary>
    /// <param name="options">The options of the context.</param>
    /// <param name="create">Creates the context from options.</param>
    /// <param name="target">The role that is restricted, and the schema of the functions.</param>
    /// <param name="policies">The policies, one for each table.</param>
    /// <exception cref="PolicyTranslationException">From the model's first use: a rule cannot become a policy of the
    /// database; the message says which and why.</exception>
    public static DbContextOptionsBuilder<TContext> UseRowSecurityMigrations<TContext>(
        this DbContextOptionsBuilder<TContext> options,
        Func<DbContextOptions<TContext>, TContext> create,
        RowSecurityTarget target,
        params IPolicy[] policies
    )
        where TContext : DbContext
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(target);
        var plain = options.Options;
        ((IDbContextOptionsBuilderInfrastructure)options).AddOrUpdateExtension(
            new Extension(
                services =>
                {
                    services.AddSingleton<IConventionSetPlugin>(
                        new Plugin(
                            () => Generate(plain, create, target, policies),
                            [.. policies.Select(policy => policy.Entity)]
                        )
                    );
                    Decorate<IMigrationsModelDiffer>(services, inner => new Differ(inner));
                },
                (target, string.Join(' ', policies.Select(policy => policy.GetType())))
            )
        );
        return options;
    }

    /// <summary>The statements that create the row-level security of these policies.</summary>
    /// <param name="options">The options of the context.</param>
    /// <param name="create">Creates the context from options.</param>
    /// <param name="target">The role that is restricted, and the schema of the functions.</param>
    /// <param name="policies">The policies, one for each table.</param>
    /// <exception cref="PolicyTranslationException">A rule cannot become a policy of the database; the message says
    /// which and why.</exception>
    public static string Script<TContext>(
        DbContextOptions<TContext> options,
        Func<DbContextOptions<TContext>, TContext> create,
        RowSecurityTarget target,
        params IPolicy[] policies
    )
        where TContext : DbContext =>
        string.Concat(Generate(options, create, target, policies).Select(script => script.Create));

    static List<RowSecurityScript> Generate<TContext>(
        DbContextOptions<TContext> options,
        Func<DbContextOptions<TContext>, TContext> create,
        RowSecurityTarget target,
        IPolicy[] policies
    )
        where TContext : DbContext
    {
        // Rules are translated by a context of their own, whose model knows the functions of the database.
        var functions = new Extension(
            services => services.AddSingleton<IConventionSetPlugin>(new ActorFunctions.Plugin(target.Schema)),
            target
        );
        using var db = create((DbContextOptions<TContext>)options.WithExtension(functions));
        var scripts = policies.Select(policy => policy.GenerateRowSecurity(db, target)).ToList();
        foreach (var one in scripts)
            if (FindLoop(scripts, one, []) is { } loop)
                throw new PolicyTranslationException(
                    $"Postgres would evaluate these rules without end, because each reads a table that the next "
                        + $"restricts: {string.Join("; ", loop)}. Add .ThroughFunction() to one of them."
                );
        return scripts;
    }

    /// <summary>The rules on the way from a table through the tables that its policies read, back to it; null if there
    /// is none.</summary>
    static string[]? FindLoop(List<RowSecurityScript> scripts, RowSecurityScript start, string[] path)
    {
        var from = path.Length == 0 ? start : scripts.First(script => script.Table == path[^1]);
        foreach (var next in scripts)
        {
            if (from.RuleThatReads(next.Table, onRead: path.Length > 0) is not { } rule)
                continue;
            if (next == start)
                return [rule];
            if (!path.Contains(next.Table) && FindLoop(scripts, start, [.. path, next.Table]) is { } rest)
                return [rule, .. rest];
        }
        return null;
    }

    static void Decorate<TService>(IServiceCollection services, Func<TService, TService> decorate)
        where TService : class
    {
        var inner =
            services.LastOrDefault(service => service.ServiceType == typeof(TService))
            ?? throw new InvalidOperationException("Call UseRowSecurityMigrations after UseNpgsql.");
        services.Add(
            new(
                typeof(TService),
                provider =>
                    decorate(
                        (TService)(
                            inner.ImplementationFactory?.Invoke(provider)
                            ?? ActivatorUtilities.CreateInstance(provider, inner.ImplementationType!)
                        )
                    ),
                inner.Lifetime
            )
        );
    }

    /// <summary>Puts the scripts on the entities.</summary>
    sealed class Plugin(Func<List<RowSecurityScript>> generate, HashSet<Type> tables)
        : IConventionSetPlugin,
            IModelFinalizingConvention
    {
        public ConventionSet ModifyConventions(ConventionSet conventionSet)
        {
            conventionSet.ModelFinalizingConventions.Add(this);
            return conventionSet;
        }

        public void ProcessModelFinalizing(
            IConventionModelBuilder modelBuilder,
            IConventionContext<IConventionModelBuilder> context
        )
        {
            // EF builds a model of its history table with the same conventions.
            if (!modelBuilder.Metadata.GetEntityTypes().Any(entity => tables.Contains(entity.ClrType)))
                return;
            foreach (var script in generate())
            {
                var entity = modelBuilder.Metadata.FindEntityType(script.Entity)!;
                entity.SetAnnotation(Created, script.Create);
                entity.SetAnnotation(Dropped, script.Drop);
            }
        }
    }

    /// <summary>Drops changed policies before everything else in a migration, and creates them after it.</summary>
    sealed class Differ(IMigrationsModelDiffer inner) : IMigrationsModelDiffer
    {
        public bool HasDifferences(IRelationalModel? source, IRelationalModel? target) =>
            inner.HasDifferences(source, target) || !Scripts(source, Created).SetEquals(Scripts(target, Created));

        public IReadOnlyList<MigrationOperation> GetDifferences(IRelationalModel? source, IRelationalModel? target)
        {
            var (before, after) = (Scripts(source, Created), Scripts(target, Created));
            return
            [
                .. Scripts(source, Dropped, entity => !after.Contains(Script(entity, Created))).Select(Operation),
                .. inner.GetDifferences(source, target),
                .. after.Except(before).Order(StringComparer.Ordinal).Select(Operation),
            ];
        }

        static SqlOperation Operation(string sql) => new() { Sql = sql };

        static string Script(IReadOnlyAnnotatable entity, string annotation) =>
            (string?)entity.FindAnnotation(annotation)?.Value ?? "";

        static HashSet<string> Scripts(
            IRelationalModel? model,
            string annotation,
            Func<IEntityType, bool>? which = null
        ) =>
            model
                ?.Model.GetEntityTypes()
                .Where(entity => entity.FindAnnotation(annotation) is not null && which?.Invoke(entity) != false)
                .Select(entity => Script(entity, annotation))
                .ToHashSet(StringComparer.Ordinal)
            ?? [];
    }

    /// <summary>Adds services to EF's own. Options with equal keys share them.</summary>
    [SuppressMessage("Design", "CA1812", Justification = "EF creates no instance of it.")]
    sealed class Extension(Action<IServiceCollection> add, object key) : IDbContextOptionsExtension
    {
        public DbContextOptionsExtensionInfo Info => new ExtensionInfo(this, key);

        public void ApplyServices(IServiceCollection services) => add(services);

        public void Validate(IDbContextOptions options) { }

        sealed class ExtensionInfo(IDbContextOptionsExtension extension, object key)
            : DbContextOptionsExtensionInfo(extension)
        {
            public override bool IsDatabaseProvider => false;

            public override string LogFragment => "";

            object Key => key;

            public override int GetServiceProviderHashCode() => key.GetHashCode();

            public override bool ShouldUseSameServiceProvider(DbContextOptionsExtensionInfo other) =>
                other is ExtensionInfo same && Equals(same.Key, Key);

            public override void PopulateDebugInfo(IDictionary<string, string> debugInfo) { }
        }
    }
}
