using System.Collections.Concurrent;
using System.Linq.Expressions;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Query;

namespace Lightning.Data.Rules;

/// <summary>Who asks, and for which key: what differs from one use of a <see cref="CompiledQueries">compiled query</see> to the next.</summary>
/// <param name="Actor">Who asks.</param>
/// <param name="Key">For which key; empty where the query asks for none.</param>
public sealed record Asked(Actor Actor, Guid Key);

/// <summary>
/// Queries that policies narrow, compiled once for each outcome of the rules that ask about the actor only: putting a query together and finding its plan costs
/// more than running it. One of these belongs to one model of EF.
/// </summary>
public sealed class CompiledQueries
{
    readonly ConcurrentDictionary<(object Query, Type Policy, long Decided, string? Also), Delegate?> compiled = [];

    delegate IAsyncEnumerable<TResult> Rows<out TResult>(DbContext db, Guid userId, Guid sessionId, bool isAdmin, bool isVerified, Guid? actedBy, Guid key);

    delegate Task<int> Number(DbContext db, Guid userId, Guid sessionId, bool isAdmin, bool isVerified, Guid? actedBy, Guid key, CancellationToken cancellationToken);

    /// <summary>How many are compiled.</summary>
    public int Count => compiled.Count(known => known.Value is not null);

    /// <summary>Runs a query, compiled if it can be.</summary>
    /// <param name="db">The context.</param>
    /// <param name="policy">Whose rules narrow it.</param>
    /// <param name="verb">For what it is narrowed.</param>
    /// <param name="asked">Who asks for what.</param>
    /// <param name="query">Names the query, and whatever its form depends on besides the actor. There must be few of these: each is kept for good.</param>
    /// <param name="make">Makes the query. Of the actor and the key it may read the members, where the database does.</param>
    /// <param name="also">The policies that have a say in it besides; none where not given.</param>
    public IAsyncEnumerable<TResult> RunAsync<T, TResult>(
        DbContext db, Policy<T> policy, Verb verb, Asked asked, object query, Func<Asked, IQueryable<TResult>> make, IReadOnlyList<IPolicy>? also = null)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(asked);
        var (run, made) = Find(policy, verb, asked, query, make, also, rows =>
            new Rows<TResult>(EF.CompileAsyncQuery(Expression.Lambda<Func<DbContext, Guid, Guid, bool, bool, Guid?, Guid, IQueryable<TResult>>>(rows, Opened.Parameters))));
        var actor = asked.Actor;
        return run is Rows<TResult> rows ? rows(db, actor.UserId, actor.SessionId, actor.IsAdmin, actor.IsVerified, actor.ActedBy, asked.Key) : made!.AsAsyncEnumerable();
    }

    /// <summary>Counts what a query finds, compiled if it can be.</summary>
    /// <inheritdoc cref="RunAsync"/>
    public Task<int> CountAsync<T, TResult>(
        DbContext db, Policy<T> policy, Verb verb, Asked asked, object query, Func<Asked, IQueryable<TResult>> make, IReadOnlyList<IPolicy>? also, CancellationToken cancellationToken)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(asked);
        var (run, made) = Find(policy, verb, asked, query, make, also, rows =>
            new Number(EF.CompileAsyncQuery(Expression.Lambda<Func<DbContext, Guid, Guid, bool, bool, Guid?, Guid, CancellationToken, int>>(
                Expression.Call(typeof(Queryable), nameof(Queryable.Count), [typeof(TResult)], rows), [.. Opened.Parameters, Expression.Parameter(typeof(CancellationToken))]))));
        var actor = asked.Actor;
        return run is Number number ? number(db, actor.UserId, actor.SessionId, actor.IsAdmin, actor.IsVerified, actor.ActedBy, asked.Key, cancellationToken) : made!.CountAsync(cancellationToken);
    }

    /// <summary>What runs the query, or the query itself where it cannot be compiled.</summary>
    (Delegate? Run, IQueryable<TResult>? Made) Find<T, TResult>(
        Policy<T> policy, Verb verb, Asked asked, object query, Func<Asked, IQueryable<TResult>> make, IReadOnlyList<IPolicy>? also, Func<Expression, Delegate> compile)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(policy);
        ArgumentNullException.ThrowIfNull(make);
        var key = (query, policy.GetType(), policy.DecidedFor(asked.Actor), also is null ? null : string.Join(' ', also.Select(other => other.DecidedFor(asked.Actor))));
        var isKnown = compiled.TryGetValue(key, out var run);
        if (run is not null)
        {
            policy.Recount(asked.Actor, verb);
            return (run, null);
        }
        // The first time it runs compiled too: one query is one text, whoever is first to ask.
        var made = make(asked);
        if (!isKnown) compiled.TryAdd(key, run = Opened.Of(made.Expression) is { } opened ? compile(opened) : null);
        return (run, made);
    }

    /// <summary>Puts parameters in the place of the actor's members and the key, and the context's own sets in the place of one context's.</summary>
    sealed class Opened : ExpressionVisitor
    {
        static readonly ParameterExpression Db = Expression.Parameter(typeof(DbContext), "db"), Key = Expression.Parameter(typeof(Guid), "key");

        static readonly Dictionary<string, ParameterExpression> OfActor = new(StringComparer.Ordinal)
        {
            [nameof(Actor.UserId)] = Expression.Parameter(typeof(Guid), "userId"),
            [nameof(Actor.SessionId)] = Expression.Parameter(typeof(Guid), "sessionId"),
            [nameof(Actor.IsAdmin)] = Expression.Parameter(typeof(bool), "isAdmin"),
            [nameof(Actor.IsVerified)] = Expression.Parameter(typeof(bool), "isVerified"),
            [nameof(Actor.ActedBy)] = Expression.Parameter(typeof(Guid?), "actedBy"),
        };

        bool isPossible = true;

        public static IEnumerable<ParameterExpression> Parameters => [Db, .. OfActor.Values, Key];

        /// <summary>Null where something is worked out before the database is asked, of the actor or of whatever else may be another thing the next time, and so cannot be left open.</summary>
        public static Expression? Of(Expression query)
        {
            var opened = new Opened();
            var body = opened.Visit(query);
            return opened.isPossible ? body : null;
        }

        public override Expression? Visit(Expression? node)
        {
            if (node is null or ConstantExpression or LambdaExpression || Plain(Unlifted(node)) is not null || !WorkedOut.Is(node)) return base.Visit(node);
            isPossible = false;
            return node;
        }

        protected override Expression VisitMember(MemberExpression node) => Plain(node) ?? base.VisitMember(node);

        protected override Expression VisitExtension(Expression node)
        {
            // What comes from SQL, or is no class of its own, is another root.
            if (node.GetType() == typeof(EntityQueryRootExpression) && node is EntityQueryRootExpression { EntityType.HasSharedClrType: false } root) return Expression.Call(Db, nameof(DbContext.Set), [root.ElementType]);
            isPossible &= node is not QueryRootExpression;
            return base.VisitExtension(node);
        }

        /// <summary>Beside a column that may be null, a value is one that may be.</summary>
        static Expression Unlifted(Expression node) =>
            node is UnaryExpression { NodeType: ExpressionType.Convert } lifted && Nullable.GetUnderlyingType(lifted.Type) == lifted.Operand.Type ? lifted.Operand : node;

        static ParameterExpression? Plain(Expression node) => node switch
        {
            MemberExpression { Expression: { } of } member when of.Type == typeof(Actor) => OfActor.GetValueOrDefault(member.Member.Name),
            MemberExpression { Expression.Type: { } type, Member.Name: nameof(Asked.Key) } when type == typeof(Asked) => Key,
            _ => null,
        };
    }

    /// <summary>Whether an expression is made of members, captured or static, or of calls, and of no row: EF would work it out before it asks, and keep in a compiled query what it was once.</summary>
    sealed class WorkedOut : ExpressionVisitor
    {
        bool isMade, isOfRow;

        public static bool Is(Expression node)
        {
            var visitor = new WorkedOut();
            visitor.Visit(node);
            return visitor is { isMade: true, isOfRow: false };
        }

        public override Expression? Visit(Expression? node)
        {
            isMade |= node is MemberExpression { Member.DeclaringType: { } owner } ? owner != typeof(EF) : node is MethodCallExpression or InvocationExpression;
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
