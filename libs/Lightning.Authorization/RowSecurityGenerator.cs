using System.Globalization;
using System.Linq.Expressions;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Storage;

namespace Lightning.Authorization;

/// <summary>
/// Generates a table's policies from its rules: reading is SELECT, creating INSERT, deleting DELETE. Every other verb
/// that writes fields is UPDATE, where the database cannot tell them apart and allows what any of them allows.
/// </summary>
/// <param name="db">A context whose model has the <see cref="ActorFunctions"/>.</param>
/// <param name="policy">The rules.</param>
/// <param name="target">The role and the schema.</param>
sealed class RowSecurityGenerator<T>(DbContext db, Policy<T> policy, RowSecurityTarget target)
    where T : class
{
    static readonly Verb[] OwnCommands = [Verb.Read, Verb.Create, Verb.Delete];

    readonly IEntityType entity =
        db.Model.FindEntityType(typeof(T))
        ?? throw new InvalidOperationException($"{typeof(T).Name} is not an entity of the model.");
    readonly ISqlGenerationHelper sql = db.GetService<ISqlGenerationHelper>();
    readonly Dictionary<string, string> actorFunctions = ActorFunctions
        .ReturnTypes.Select(function =>
            KeyValuePair.Create(
                db.GetService<ISqlGenerationHelper>().DelimitIdentifier(function.Key, target.Schema),
                // ANY (SELECT …) would compare with the rows of the subquery, not with the elements of its array.
                function.Value.IsArray
                    ? "::uuid[]"
                    : ""
            )
        )
        .ToDictionary(StringComparer.Ordinal);
    readonly List<(RowRule<T> Rule, string Call)> functions = [];
    readonly StringBuilder create = new(),
        drop = new();

    string TableName => entity.GetTableName()!;

    /// <exception cref="PolicyTranslationException">A rule cannot become a policy of the database.</exception>
    public RowSecurityScript Generate()
    {
        var table = sql.DelimitIdentifier(TableName, entity.GetSchema());
        create.AppendLine(CultureInfo.InvariantCulture, $"-- Generated from {policy.GetType().Name}.");
        var commands = new[]
        {
            ("may_read", "FOR SELECT", Predicate(Verb.Read), "USING"),
            ("may_create", "FOR INSERT", Predicate(Verb.Create), "WITH CHECK"),
            ("may_update", "FOR UPDATE", Predicate([.. policy.Verbs.Where(Updates)]), "USING"),
            ("may_delete", "FOR DELETE", Predicate(Verb.Delete), "USING"),
        };
        var dropped = string.Concat(
            functions.Select(function => $"DROP FUNCTION {function.Call[..function.Call.IndexOf('(')]};\n")
        );
        create.AppendLine(CultureInfo.InvariantCulture, $"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;");
        foreach (var (name, command, predicate, clause) in commands)
        {
            if (predicate is null)
                continue;
            create.AppendLine(CultureInfo.InvariantCulture, $"CREATE POLICY {name} ON {table} {command}");
            create.AppendLine(CultureInfo.InvariantCulture, $"    TO {sql.DelimitIdentifier(target.Role)} {clause} (");
            create.AppendLine(
                CultureInfo.InvariantCulture,
                $"    {predicate.Replace("\n", "\n    ", StringComparison.Ordinal)});"
            );
            drop.AppendLine(CultureInfo.InvariantCulture, $"DROP POLICY {name} ON {table};");
        }
        return new(entity.Name, table, create.ToString(), $"{drop}{dropped}", Reads());
    }

    bool Updates(Verb verb) => !OwnCommands.Contains(verb) && policy.Fields(verb) is null or { Count: > 0 };

    /// <summary>The condition under which any of the verbs is allowed; null if that is never.</summary>
    string? Predicate(params Verb[] verbs)
    {
        // Cheap conditions first: Postgres evaluates the operands of an OR in their order.
        var alternatives = verbs
            .SelectMany(verb => policy[verb]?.Alternatives() ?? [])
            .Distinct()
            .OrderBy(alternative => alternative.Leaves().Max(Cost))
            .ToArray();
        if (alternatives.Length == 0)
            return null;
        var rule = alternatives.Aggregate((one, other) => one | other);
        var conditions = alternatives.Select(alternative =>
        {
            var row = Expression.Parameter(typeof(T), "row");
            return ToSql(alternative.Compose(part => Part(part, row)), row).For(sql.DelimitIdentifier(TableName));
        });
        // One alternative a line.
        var condition = alternatives.Length == 1 ? conditions.Single() : $"({string.Join(")\nOR (", conditions)})";
        return rule.NeedsActor ? condition : $"(SELECT {Function("actor")}()) IS NOT NULL AND ({condition})";
    }

    static int Cost(NamedRule<T> part) =>
        part is not RowRule<T> rule || rule.ReadsOwnColumns ? 0
        : rule.IsFunction ? 2
        : 1;

    /// <summary>The SQL of each rule that is no function, to find policies that read each other's tables.</summary>
    IReadOnlyList<(Verb Verb, string Rule, string Sql)> Reads() =>
        [
            .. from verb in policy.Verbs
            from part in policy[verb]!.Parts.OfType<RowRule<T>>()
            where !part.IsFunction
            let row = Expression.Parameter(typeof(T), "row")
            select (verb, $"{policy.GetType().Name}: {part.Name}", ToSql(Part(part, row), row).For("row")),
        ];

    Expression Part(NamedRule<T> part, ParameterExpression row) =>
        part switch
        {
            RowRule<T> { IsFunction: true } function => Call(nameof(ActorFunctions.Part), Place(function)),
            RowRule<T> rule => Body(rule, row),
            ActorRuleAdapter<T> { Rule.Trait: { } trait } => Call(nameof(ActorFunctions.ActsAs), trait),
            ActorRuleAdapter<T> { Rule: var rule } when rule == Is.SignedIn => Expression.Constant(true),
            _ => throw NotTranslated(part.Name, "the application evaluates it: use a rule of Is, or one about a row"),
        };

    /// <summary>The rule's expression, with the actor's values read by functions of the database.</summary>
    Expression Body(RowRule<T> rule, ParameterExpression row)
    {
        var body = new Replace(rule.Holds.Parameters[1], row).Visit(rule.Holds.Body);
        var actor = new ActorReplacer(rule.Holds.Parameters[0]);
        body = actor.Visit(body);
        return actor.Unknown is { } unknown
            ? throw NotTranslated(rule.Name, $"the database does not know the actor's {unknown}")
            : body;
    }

    /// <summary>The place of a rule among the functions; creates its function at the first use.</summary>
    int Place(RowRule<T> rule)
    {
        var place = functions.FindIndex(function => function.Rule.Equals(rule));
        if (place >= 0)
            return place;
        var row = Expression.Parameter(typeof(T), "row");
        var name = Function($"{TableName}_{rule.Name.Replace(' ', '_')}".ToLowerInvariant());
        var bare = name[(name.IndexOf('.') + 1)..];
        var predicate = ToSql(Body(rule, row), row);
        var columns = predicate.Columns;
        create.AppendLine(
            CultureInfo.InvariantCulture,
            $"""
            CREATE FUNCTION {name}({string.Join(", ", columns.Select(column => $"{column} {TypeOf(column)}"))})
            RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = {SearchPath()} AS $$
                SELECT coalesce({predicate.For(bare).ReplaceLineEndings("\n    ")}, false) $$;
            """
        );
        functions.Add((rule, $"{name}({string.Join(", ", columns.Select(column => $"\0.{column}"))})"));
        return functions.Count - 1;
    }

    string SearchPath() =>
        db.Model.GetDefaultSchema() is null && entity.GetSchema() is null ? "public, pg_temp" : "pg_catalog, pg_temp";

    string TypeOf(string column) =>
        entity
            .GetProperties()
            .First(property =>
                sql.DelimitIdentifier(
                    property.GetColumnName(StoreObjectIdentifier.Table(TableName, entity.GetSchema()))!
                ) == column
            )
            .GetColumnType();

    PolicyPredicate ToSql(Expression condition, ParameterExpression row)
    {
        var query = db.Set<T>()
            .IgnoreQueryFilters()
            .Where(Expression.Lambda<Func<T, bool>>(condition, row))
            .Select(_ => 1);
        try
        {
            using var command = query.CreateDbCommand();
            if (command.Parameters.Count > 0)
                throw NotTranslated(
                    string.Join(
                        ", ",
                        command.Parameters.Cast<System.Data.Common.DbParameter>().Select(p => p.ParameterName)
                    ),
                    "the application computes it: use a constant or a column"
                );
            return new(command.CommandText, Function("part"), actorFunctions)
            {
                Functions = [.. functions.Select(function => function.Call)],
            };
        }
        catch (InvalidOperationException ex)
        {
            throw NotTranslated(condition.ToString(), ex.Message.Split('\n')[0].TrimEnd('.'), ex);
        }
    }

    string Function(string name) => sql.DelimitIdentifier(name, target.Schema);

    PolicyTranslationException NotTranslated(string part, string reason, Exception? inner = null) =>
        new($"\"{part}\" of {policy.GetType().Name} cannot become a database policy: {reason}.", inner);

    static MethodCallExpression Call(string method, object? argument = null) =>
        Expression.Call(typeof(ActorFunctions), method, null, argument is null ? [] : [Expression.Constant(argument)]);

    /// <summary>
    /// Replaces the actor's id and properties, and remembers the first that the database does not know.
    /// </summary>
    sealed class ActorReplacer(ParameterExpression actor) : ExpressionVisitor
    {
        public string? Unknown { get; private set; }

        /// <summary>In SQL, null is in no array, so the check that memory needs is left out.</summary>
        protected override Expression VisitBinary(BinaryExpression node) =>
            node
                is {
                    NodeType: ExpressionType.AndAlso,
                    Left: BinaryExpression { NodeType: ExpressionType.NotEqual, Left: MemberExpression id } check,
                    Right: MethodCallExpression
                    {
                        Arguments: [_, MemberExpression { Expression: MemberExpression value }]
                    } contains
                }
            && value.Member == id.Member
            && check.Right is ConstantExpression { Value: null }
                ? Visit(contains)
                : base.VisitBinary(node);

        protected override Expression VisitMethodCall(MethodCallExpression node) =>
            base.VisitMethodCall(node) switch
            {
                MethodCallExpression
                {
                    Method.Name: nameof(Enumerable.Contains),
                    Arguments: [MethodCallExpression { Method.DeclaringType: { } type } ids, var id]
                } when type == typeof(ActorFunctions) => Expression.Call(
                    typeof(ActorFunctions),
                    nameof(ActorFunctions.Contains),
                    null,
                    ids,
                    id
                ),
                var other => other,
            };

        protected override Expression VisitMember(MemberExpression node)
        {
            if (node.Expression != actor)
                return base.VisitMember(node);
            switch (node.Member.Name)
            {
                case nameof(Actor.UserId):
                    return Call(nameof(ActorFunctions.Actor));
                case nameof(Actor.IsAdmin):
                    return Call(nameof(ActorFunctions.ActsAs), Is.Admin.Trait);
                case nameof(Actor.MemberOf):
                    return Call(nameof(ActorFunctions.MemberOf));
                case nameof(Actor.AdminOf):
                    return Call(nameof(ActorFunctions.AdminOf));
                case nameof(Actor.OwnerOf):
                    return Call(nameof(ActorFunctions.OwnerOf));
                case nameof(Actor.IsVerified):
                    return Call(nameof(ActorFunctions.ActsAs), Is.Verified.Trait);
                default:
                    Unknown ??= node.Member.Name;
                    return node;
            }
        }
    }
}
