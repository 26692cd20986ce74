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
/// Queries that a policy narrows, compiled once for each outcome of the rules that ask about the actor only: putting a query together and finding its plan costs
/// more than running it. One of these belongs to one model of EF.
/// </summary>
public sealed class CompiledQueries
{
    delegate IAsyncEnumerable<TResult> Run<out TResult>(LightningDb db, Guid userId, Guid sessionId, bool isAdmin, bool isVerified, Guid? actedBy, Guid key);

    readonly ConcurrentDictionary<(object Query, Type Policy, long Decided), (Delegate? Run, object Rows)> compiled = [];

    /// <summary>How many are compiled.</summary>
    public int Count => compiled.Count(known => known.Value.Run is not null);

    /// <summary>Runs a query, compiled if it can be.</summary>
    /// <param name="db">The context.</param>
    /// <param name="policy">Whose rules narrow it, and the only ones that do.</param>
    /// <param name="verb">For what it is narrowed.</param>
    /// <param name="asked">Who asks for what.</param>
    /// <param name="query">Names the query, and whatever its form depends on besides the actor. There must be few of these: each is kept for good.</param>
    /// <param name="make">Makes the query. Of the actor and the key it may read the members, where the database does.</param>
    public IAsyncEnumerable<TResult> RunAsync<T, TResult>(LightningDb db, Policy<T> policy, Verb verb, Asked asked, object query, Func<Asked, IQueryable<TResult>> make)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(policy);
        ArgumentNullException.ThrowIfNull(asked);
        var (actor, key) = (asked.Actor, (query, policy.GetType(), policy.DecidedFor(asked.Actor)));
        IQueryable<TResult>? made = null;
        if (!compiled.TryGetValue(key, out var known))
        {
            // The first time it runs compiled too: one query is one text, whoever is first to ask.
            made = make(asked);
            compiled.TryAdd(key, known = (Compile(made), policy.RowsFor(actor, verb)));
        }
        else if (known.Run is not null) policy.Recount(verb, (Condition<T>)known.Rows);
        return known.Run is Run<TResult> run ? run(db, actor.UserId, actor.SessionId, actor.IsAdmin, actor.IsVerified, actor.ActedBy, asked.Key) : (made ?? make(asked)).AsAsyncEnumerable();
    }

    /// <summary>Null where something of the actor is computed before the database is asked, and so cannot be left open.</summary>
    static Run<TResult>? Compile<TResult>(IQueryable<TResult> query)
    {
        var opened = new Opened();
        var body = opened.Visit(query.Expression)!;
        if (!opened.IsPossible) return null;
        var lambda = Expression.Lambda<Func<LightningDb, Guid, Guid, bool, bool, Guid?, Guid, IQueryable<TResult>>>(body, Opened.Parameters);
        return new Run<TResult>(EF.CompileAsyncQuery(lambda));
    }

    /// <summary>Puts parameters in the place of the actor's members and the key, and the context's own sets in the place of one context's.</summary>
    sealed class Opened : ExpressionVisitor
    {
        static readonly ParameterExpression Db = Expression.Parameter(typeof(LightningDb), "db"), Key = Expression.Parameter(typeof(Guid), "key");

        static readonly Dictionary<string, ParameterExpression> OfActor = new(StringComparer.Ordinal)
        {
            [nameof(Actor.UserId)] = Expression.Parameter(typeof(Guid), "userId"),
            [nameof(Actor.SessionId)] = Expression.Parameter(typeof(Guid), "sessionId"),
            [nameof(Actor.IsAdmin)] = Expression.Parameter(typeof(bool), "isAdmin"),
            [nameof(Actor.IsVerified)] = Expression.Parameter(typeof(bool), "isVerified"),
            [nameof(Actor.ActedBy)] = Expression.Parameter(typeof(Guid?), "actedBy"),
        };

        public bool IsPossible { get; private set; } = true;

        public static IEnumerable<ParameterExpression> Parameters => [Db, .. OfActor.Values, Key];

        public override Expression? Visit(Expression? node)
        {
            if (node is null or ConstantExpression or LambdaExpression || Plain(Unlifted(node)) is not null || !Closed.Is(node)) return base.Visit(node);
            IsPossible = false;
            return node;
        }

        protected override Expression VisitMember(MemberExpression node) => Plain(node) ?? base.VisitMember(node);

        protected override Expression VisitExtension(Expression node) =>
            node is EntityQueryRootExpression root ? Expression.Call(Db, nameof(DbContext.Set), [root.ElementType]) : base.VisitExtension(node);

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

    /// <summary>Whether an expression is made of the actor or the key and of no row: EF would work it out before it asks.</summary>
    sealed class Closed : ExpressionVisitor
    {
        bool isOfActor, isOfRow;

        public static bool Is(Expression node)
        {
            var visitor = new Closed();
            visitor.Visit(node);
            return visitor is { isOfActor: true, isOfRow: false };
        }

        public override Expression? Visit(Expression? node)
        {
            isOfActor |= node?.Type == typeof(Actor) || node?.Type == typeof(Asked);
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
