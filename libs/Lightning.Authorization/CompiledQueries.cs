using System.Collections.Concurrent;
using System.Linq.Expressions;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Query;

namespace Lightning.Authorization;

/// <summary>The arguments of a <see cref="PolicyQuery{T, TResult}"/>.</summary>
/// <param name="Actor">The actor.</param>
/// <param name="Key">The key to look up; empty if the query has none.</param>
public sealed record QueryArguments(Actor Actor, Guid Key = default);

/// <summary>A query that a policy filters, for <see cref="CompiledQueries"/>.</summary>
/// <param name="Policy">The policy that filters the query.</param>
/// <param name="Verb">The verb that it filters by.</param>
/// <param name="CacheKey">Identifies the query and all that its shape depends on except the actor. There must be few
/// values, because entries are never evicted.</param>
/// <param name="Build">Builds the query. It may use members of the arguments only inside expressions that the database
/// evaluates.</param>
public sealed record PolicyQuery<T, TResult>(
    Policy<T> Policy,
    Verb Verb,
    object CacheKey,
    Func<QueryArguments, IQueryable<TResult>> Build
)
    where T : class
{
    /// <summary>Further policies that the query's shape depends on; null if there are none.</summary>
    public IReadOnlyList<IPolicy>? OtherPolicies { get; init; }
}

/// <summary>
/// A cache of compiled queries that policies filter, one entry for each outcome of the actor rules, because building
/// and translating a query costs more than running it. Use one instance per EF model.
/// </summary>
public sealed class CompiledQueries
{
    readonly ConcurrentDictionary<(object Query, Type Policy, long Decided, string? Others), Delegate?> compiled = [];

    delegate IAsyncEnumerable<TResult> Rows<out TResult>(
        DbContext db,
        Guid userId,
        Guid sessionId,
        bool isAdmin,
        bool isVerified,
        Guid? actedBy,
        Guid[] memberOf,
        Guid[] adminOf,
        Guid[] ownerOf,
        Guid key
    );

    delegate Task<int> RowCount(
        DbContext db,
        Guid userId,
        Guid sessionId,
        bool isAdmin,
        bool isVerified,
        Guid? actedBy,
        Guid[] memberOf,
        Guid[] adminOf,
        Guid[] ownerOf,
        Guid key,
        CancellationToken cancellationToken
    );

    /// <summary>The number of compiled queries.</summary>
    public int Count => compiled.Count(entry => entry.Value is not null);

    /// <summary>Runs a query, compiled if it can be.</summary>
    public IAsyncEnumerable<TResult> RunAsync<T, TResult>(
        DbContext db,
        PolicyQuery<T, TResult> query,
        QueryArguments arguments
    )
        where T : class
    {
        var (compiledQuery, built) = Find(
            query,
            arguments,
            rows => new Rows<TResult>(
                EF.CompileAsyncQuery(
                    Expression.Lambda<
                        Func<
                            DbContext,
                            Guid,
                            Guid,
                            bool,
                            bool,
                            Guid?,
                            Guid[],
                            Guid[],
                            Guid[],
                            Guid,
                            IQueryable<TResult>
                        >
                    >(rows, Parameterizer.Parameters)
                )
            )
        );
        var (actor, key) = arguments;
        return compiledQuery is Rows<TResult> rows
            ? rows(
                db,
                actor.UserId,
                actor.SessionId,
                actor.IsAdmin,
                actor.IsVerified,
                actor.ActedBy,
                actor.MemberOf,
                actor.AdminOf,
                actor.OwnerOf,
                key
            )
            : built!.AsAsyncEnumerable();
    }

    /// <summary>Counts the rows of a query, compiled if it can be.</summary>
    public Task<int> CountAsync<T, TResult>(
        DbContext db,
        PolicyQuery<T, TResult> query,
        QueryArguments arguments,
        CancellationToken cancellationToken
    )
        where T : class
    {
        var (compiledQuery, built) = Find(
            query,
            arguments,
            rows => new RowCount(
                EF.CompileAsyncQuery(
                    Expression.Lambda<
                        Func<
                            DbContext,
                            Guid,
                            Guid,
                            bool,
                            bool,
                            Guid?,
                            Guid[],
                            Guid[],
                            Guid[],
                            Guid,
                            CancellationToken,
                            int
                        >
                    >(
                        Expression.Call(typeof(Queryable), nameof(Queryable.Count), [typeof(TResult)], rows),
                        [.. Parameterizer.Parameters, Expression.Parameter(typeof(CancellationToken))]
                    )
                )
            )
        );
        var (actor, key) = arguments;
        return compiledQuery is RowCount count
            ? count(
                db,
                actor.UserId,
                actor.SessionId,
                actor.IsAdmin,
                actor.IsVerified,
                actor.ActedBy,
                actor.MemberOf,
                actor.AdminOf,
                actor.OwnerOf,
                key,
                cancellationToken
            )
            : built!.CountAsync(cancellationToken);
    }

    /// <summary>The compiled query, or the query itself if it cannot be compiled.</summary>
    (Delegate? Compiled, IQueryable<TResult>? Built) Find<T, TResult>(
        PolicyQuery<T, TResult> query,
        QueryArguments arguments,
        Func<Expression, Delegate> compile
    )
        where T : class
    {
        ArgumentNullException.ThrowIfNull(query);
        ArgumentNullException.ThrowIfNull(arguments);
        var actor = arguments.Actor;
        var key = (
            query.CacheKey,
            query.Policy.GetType(),
            query.Policy.DecidedFor(actor),
            query.OtherPolicies is { } others ? string.Join(' ', others.Select(other => other.DecidedFor(actor))) : null
        );
        var isKnown = compiled.TryGetValue(key, out var found);
        if (found is not null)
        {
            query.Policy.Recount(actor, query.Verb);
            return (found, null);
        }
        // The first run uses the compiled query too, so that the SQL is always the same.
        var built = query.Build(arguments);
        if (!isKnown)
        {
            found = Parameterizer.Of(built.Expression) is { } parameterized ? compile(parameterized) : null;
            compiled.TryAdd(key, found);
        }
        return (found, built);
    }

    /// <summary>
    /// Replaces the actor's members and the key by parameters, and query roots by sets of the context parameter.
    /// </summary>
    sealed class Parameterizer : ExpressionVisitor
    {
        static readonly ParameterExpression Db = Expression.Parameter(typeof(DbContext), "db"),
            Key = Expression.Parameter(typeof(Guid), "key");

        static readonly Dictionary<string, ParameterExpression> OfActor = new(StringComparer.Ordinal)
        {
            [nameof(Actor.UserId)] = Expression.Parameter(typeof(Guid), "userId"),
            [nameof(Actor.SessionId)] = Expression.Parameter(typeof(Guid), "sessionId"),
            [nameof(Actor.IsAdmin)] = Expression.Parameter(typeof(bool), "isAdmin"),
            [nameof(Actor.IsVerified)] = Expression.Parameter(typeof(bool), "isVerified"),
            [nameof(Actor.ActedBy)] = Expression.Parameter(typeof(Guid?), "actedBy"),
            [nameof(Actor.MemberOf)] = Expression.Parameter(typeof(Guid[]), "memberOf"),
            [nameof(Actor.AdminOf)] = Expression.Parameter(typeof(Guid[]), "adminOf"),
            [nameof(Actor.OwnerOf)] = Expression.Parameter(typeof(Guid[]), "ownerOf"),
        };

        bool isPossible = true;

        public static IEnumerable<ParameterExpression> Parameters => [Db, .. OfActor.Values, Key];

        /// <summary>
        /// The parameterized query; null if the client evaluates a part of it, whose value could differ the next time.
        /// </summary>
        public static Expression? Of(Expression query)
        {
            var parameterized = new Parameterizer();
            var body = parameterized.Visit(query);
            return parameterized.isPossible ? body : null;
        }

        public override Expression? Visit(Expression? node)
        {
            if (
                node is null or ConstantExpression or LambdaExpression
                || Plain(Unlifted(node)) is not null
                || !ClientEvaluationDetector.Is(node)
            )
                return base.Visit(node);
            isPossible = false;
            return node;
        }

        protected override Expression VisitMember(MemberExpression node) => Plain(node) ?? base.VisitMember(node);

        protected override Expression VisitExtension(Expression node)
        {
            // FromSql and shared-type entities have other roots, which cannot be replaced.
            if (
                node.GetType() == typeof(EntityQueryRootExpression)
                && node is EntityQueryRootExpression { EntityType.HasSharedClrType: false } root
            )
                return Expression.Call(Db, nameof(DbContext.Set), [root.ElementType]);
            isPossible &= node is not QueryRootExpression;
            return base.VisitExtension(node);
        }

        /// <summary>Removes the conversion to a nullable type, which comparisons with nullable columns add.</summary>
        static Expression Unlifted(Expression node) =>
            node is UnaryExpression { NodeType: ExpressionType.Convert } lifted
            && Nullable.GetUnderlyingType(lifted.Type) == lifted.Operand.Type
                ? lifted.Operand
                : node;

        static ParameterExpression? Plain(Expression node) =>
            node switch
            {
                MemberExpression { Expression: { } of } member when of.Type == typeof(Actor) =>
                    OfActor.GetValueOrDefault(member.Member.Name),
                MemberExpression { Expression.Type: { } type, Member.Name: nameof(QueryArguments.Key) }
                    when type == typeof(QueryArguments) => Key,
                _ => null,
            };
    }

    /// <summary>
    /// Detects expressions of members or calls that depend on no row: EF evaluates them on the client, and a compiled
    /// query would keep the first value.
    /// </summary>
    sealed class ClientEvaluationDetector : ExpressionVisitor
    {
        bool isMade,
            isOfRow;

        public static bool Is(Expression node)
        {
            var visitor = new ClientEvaluationDetector();
            visitor.Visit(node);
            return visitor is { isMade: true, isOfRow: false };
        }

        public override Expression? Visit(Expression? node)
        {
            isMade |= node is MemberExpression { Member.DeclaringType: { } owner }
                ? owner != typeof(EF)
                : node is MethodCallExpression or InvocationExpression;
            return base.Visit(node);
        }

        protected override Expression VisitParameter(ParameterExpression node)
        {
            isOfRow = true;
            return node;
        }

        protected override Expression VisitExtension(Expression node)
        {
            isOfRow |= node is QueryRootExpression;
            return node;
        }
    }
}
