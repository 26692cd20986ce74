using System.Linq.Expressions;
using Lightning.Admin.Engine.Linq;
using Lightning.Admin.Engine.Registrations;
using Lightning.Admin.Engine.Values;
using Lightning.Authorization;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Admin.Engine.Queries;

/// <summary>Finds, names and counts the readable rows of an entity, for pages of other rows.</summary>
abstract class RowLookup
{
    /// <summary>The maximum number of matches that a picker shows.</summary>
    public const int MaxPicked = 20;

    /// <summary>The lookup of a registration's rows.</summary>
    public static RowLookup Create(Registration registration, AdminRequest request) =>
        registration.Accept(new Factory(request));

    /// <summary>Warnings about searches that were incomplete because a word matches too many related rows.</summary>
    public abstract IReadOnlyList<string> SearchWarnings { get; }

    /// <summary>
    /// The keys of rows whose own columns match a search; null if there are more than <paramref name="most"/>.
    /// </summary>
    public abstract Task<IReadOnlyList<object>?> KeysAsync(string text, int most, CancellationToken cancellationToken);

    /// <summary>The SQL of that search, for tests of its query plan.</summary>
    public abstract Task<string> SearchSqlAsync(string text, CancellationToken cancellationToken);

    /// <summary>Rows that match a search, by key and name.</summary>
    public abstract Task<IReadOnlyList<Choice>> PickAsync(string text, int most, CancellationToken cancellationToken);

    /// <summary>The name of a row; null if the actor cannot read it.</summary>
    public abstract Task<string?> NameAsync(string key, CancellationToken cancellationToken);

    /// <summary>The names of readable rows, by their single-column key.</summary>
    public abstract Task<IReadOnlyDictionary<object, string>> NamesAsync(
        IEnumerable<object> keys,
        CancellationToken cancellationToken
    );

    /// <summary>The names of readable rows, by their key in URLs.</summary>
    public abstract Task<IReadOnlyDictionary<string, string>> NamedAsync(
        IReadOnlyList<string> keys,
        CancellationToken cancellationToken
    );

    /// <summary>
    /// The keys of the first readable linked rows, plus the requested keys among the rest; and whether there are more.
    /// </summary>
    public abstract Task<(IReadOnlyList<string> Keys, bool HasMore)> LinkedAsync(
        IQueryable linked,
        IReadOnlyList<string> requested,
        int most,
        CancellationToken cancellationToken
    );

    /// <summary>Counts the readable linked rows, up to a cap.</summary>
    public abstract Task<CappedCount> CountLinkedAsync(IQueryable linked, CancellationToken cancellationToken);

    /// <summary>Counts the readable rows that meet a condition, up to a cap.</summary>
    public abstract Task<CappedCount> CountAsync(
        Func<Expression, Expression> condition,
        CancellationToken cancellationToken
    );

    sealed class Factory(AdminRequest request) : IRegistrationVisitor<RowLookup>
    {
        public RowLookup Visit<T>(AdminFor<T> registration)
            where T : class => new RowLookup<T>(registration, request);
    }
}

sealed class RowLookup<T> : RowLookup
    where T : class
{
    readonly AdminFor<T> registration;
    readonly AdminRequest request;
    readonly RowQuery<T> query;
    readonly RowSearch<T> search;

    public RowLookup(AdminFor<T> registration, AdminRequest request)
    {
        this.registration = registration;
        this.request = request;
        query = new(registration, request);
        search = new(registration, request, query);
    }

    public override IReadOnlyList<string> SearchWarnings => search.Warnings;

    public override async Task<IReadOnlyList<object>?> KeysAsync(
        string text,
        int most,
        CancellationToken cancellationToken
    )
    {
        var (row, own) = (
            Expression.Parameter(typeof(T), "row"),
            new RowSearch<T>(registration, request, query, searchesRelated: false)
        );
        // The total is not revealed: some rows may be unreadable for the actor.
        if (!registration.IsSmall && await own.FindAsync(text, cancellationToken) is null)
            return (await own.FindReadableAsync(text, cancellationToken))?.Select(key => key[0]).ToList();
        var rows = await own.SearchAsync(query.Rows(), text, cancellationToken);
        var keys = await RowQuery<T>
            .Values(rows.TakeAny(most + 1), row, query.KeyOf(row))
            .ToListAsync(cancellationToken);
        return keys.Count > most ? null : [.. keys.Select(key => key[0]!)];
    }

    public override async Task<string> SearchSqlAsync(string text, CancellationToken cancellationToken)
    {
        var row = Expression.Parameter(typeof(T), "row");
        return RowQuery<T>
            .Values(await search.MatchAsync(query.Rows(), text, cancellationToken), row, query.KeyOf(row))
            .ToQueryString();
    }

    public override async Task<IReadOnlyList<Choice>> PickAsync(
        string text,
        int most,
        CancellationToken cancellationToken
    )
    {
        var row = Expression.Parameter(typeof(T), "row");
        var rows = RowQuery<T>.Sort(
            await search.SearchAsync(query.ApplySoftDelete(query.Rows()), text, cancellationToken),
            query.DefaultOrder(row),
            row
        );
        return [.. (await Named(rows, row).Take(most).ToListAsync(cancellationToken)).Select(Choice)];
    }

    public override async Task<string?> NameAsync(string key, CancellationToken cancellationToken)
    {
        if (RowKey.Parse(key, registration.Key) is not { } parts)
            return null;
        var row = Expression.Parameter(typeof(T), "row");
        return await Named(query.WithKey(query.Rows(), parts), row).SingleOrDefaultAsync(cancellationToken) is { } found
            ? Choice(found).Name
            : null;
    }

    public override async Task<IReadOnlyDictionary<object, string>> NamesAsync(
        IEnumerable<object> keys,
        CancellationToken cancellationToken
    )
    {
        var row = Expression.Parameter(typeof(T), "row");
        return (
            await Named(query.WithKeys(query.Rows(), [.. keys.Select(key => new[] { key })]), row)
                .ToListAsync(cancellationToken)
        ).ToDictionary(found => found[0]!, found => Choice(found).Name);
    }

    public override async Task<IReadOnlyDictionary<string, string>> NamedAsync(
        IReadOnlyList<string> keys,
        CancellationToken cancellationToken
    )
    {
        var row = Expression.Parameter(typeof(T), "row");
        return (await Named(query.WithKeys(query.Rows(), Read(keys)), row).ToListAsync(cancellationToken))
            .Select(Choice)
            .ToDictionary(choice => choice.Key, choice => choice.Name, StringComparer.Ordinal);
    }

    public override async Task<(IReadOnlyList<string> Keys, bool HasMore)> LinkedAsync(
        IQueryable linked,
        IReadOnlyList<string> requested,
        int most,
        CancellationToken cancellationToken
    )
    {
        var row = Expression.Parameter(typeof(T), "row");
        var rows = query.Within((IQueryable<T>)linked, Verb.Read);
        // In key order, which an index of the join table provides.
        var order = registration.Key.Select(key => new OrderBy(
            Expressions.Property(row, key.ClrType, key.Name),
            false,
            false,
            true
        ));
        var keys = (
            await RowQuery<T>
                .Values(RowQuery<T>.Sort(rows, order, row), row, query.KeyOf(row))
                .Take(most + 1)
                .ToListAsync(cancellationToken)
        )
            .Select(RowKey.Format)
            .ToList();
        if (keys.Count <= most)
            return (keys, false);
        keys.RemoveAt(most);
        var others = Read(requested.Except(keys));
        if (others.Count > 0)
            keys.AddRange(
                (
                    await RowQuery<T>
                        .Values(query.WithKeys(rows, others), row, query.KeyOf(row))
                        .ToListAsync(cancellationToken)
                ).Select(RowKey.Format)
            );
        return (keys, true);
    }

    public override async Task<CappedCount> CountLinkedAsync(IQueryable linked, CancellationToken cancellationToken) =>
        new(
            await query
                .Within((IQueryable<T>)linked, Verb.Read)
                .TakeAny(CappedCount.Cap + 1)
                .CountAsync(cancellationToken)
        );

    public override async Task<CappedCount> CountAsync(
        Func<Expression, Expression> condition,
        CancellationToken cancellationToken
    ) =>
        new(
            await query
                .Rows()
                .Where(Expressions.Condition<T>(condition))
                .TakeAny(CappedCount.Cap + 1)
                .CountAsync(cancellationToken)
        );

    IQueryable<object?[]> Named(IQueryable<T> rows, ParameterExpression row) =>
        RowQuery<T>.Values(rows, row, query.KeyOf(row).Append(query.Value(registration.NamedBy!, row)));

    List<object[]> Read(IEnumerable<string> keys) =>
        [.. keys.Select(key => RowKey.Parse(key, registration.Key)).OfType<object[]>()];

    Choice Choice(object?[] found) => new(RowKey.Format(found[..^1]), registration.NamedBy!.Show(found[^1]));
}
