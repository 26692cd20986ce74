using System.Linq.Expressions;
using System.Reflection;
using Lightning.Admin.Engine.Linq;
using Lightning.Admin.Engine.Registrations;
using Lightning.Authorization;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Admin.Engine.Queries;

/// <summary>Searches the rows of a registration.</summary>
/// <param name="registration">The rows' registration.</param>
/// <param name="request">The request.</param>
/// <param name="query">The rows that the actor can reach.</param>
/// <param name="searchesRelated">Whether a search of a large table also covers related rows. It follows one level only,
/// because relations can be cyclic.</param>
sealed class RowSearch<T>(
    AdminFor<T> registration,
    AdminRequest request,
    RowQuery<T> query,
    bool searchesRelated = true
)
    where T : class
{
    /// <summary>The maximum number of keys that a search collects.</summary>
    const int MaxKeys = 1000;

    /// <summary>
    /// A phrase is frequent if at least <see cref="FrequentCount"/> of the newest <see cref="SampleSize"/> rows
    /// contain it.
    /// </summary>
    const int FrequentCount = 5,
        SampleSize = 500;
    static readonly MethodInfo InAnyMethod = typeof(RowSearch<T>).GetMethod(
        nameof(IsInAny),
        BindingFlags.Static | BindingFlags.NonPublic
    )!;
    readonly Dictionary<string, IReadOnlyList<object[]>?> keysBySearch = new(StringComparer.Ordinal);
    readonly Dictionary<((string Text, bool IsPhrase) Word, int Index), IReadOnlyList<object[]>?> keysByPlace = [];
    readonly RelatedSearch relatedRows = new(registration, request);
    readonly ScopedReads reads = new(request.Site, request.Actor);
    readonly EntityRules rules = request.Site.RulesOf(typeof(T));

    /// <summary>Warnings about incomplete searches: words that match too many related rows.</summary>
    public IReadOnlyList<string> Warnings => relatedRows.Warnings;

    /// <summary>
    /// Restricts rows to the matches of a search. For a large table the matching keys are looked up first: if they are
    /// few, the rows are selected by key; if not, the list is scanned in its order until the page is full.
    /// </summary>
    public async Task<IQueryable<T>> SearchAsync(
        IQueryable<T> rows,
        string search,
        CancellationToken cancellationToken
    ) =>
        registration.IsSmall
        || registration.Key.Count > 1
        || SearchWords.Read(search).Count == 0
        || !registration.IsSearchable
            ? await MatchAsync(rows, search, cancellationToken)
        : await FindAsync(search, cancellationToken) is { } keys ? query.WithKeys(rows, keys)
        : await MatchAsync(rows, search, cancellationToken, isFrequent: true);

    /// <summary>
    /// The keys of all matches in a large table; null if there are too many. They include unreadable rows, so the
    /// result may decide how to search, but never what is reported.
    /// </summary>
    public async Task<IReadOnlyList<object[]>?> FindAsync(string search, CancellationToken cancellationToken) =>
        keysBySearch.TryGetValue(search, out var known)
            ? known
            : keysBySearch[search] = await LookUpAsync(among: null, search, cancellationToken);

    /// <summary>The same, among readable rows only. May have to read every matching row to check the policy.</summary>
    public async Task<IReadOnlyList<object[]>?> FindReadableAsync(string search, CancellationToken cancellationToken) =>
        rules.Scope(request.Actor, Verb.Read) is null
            ? null
            : await LookUpAsync(query.Rows(), search, cancellationToken);

    /// <param name="among">The rows to search; null for all.</param>
    /// <param name="search">The search.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    async Task<IReadOnlyList<object[]>?> LookUpAsync(
        IQueryable<T>? among,
        string search,
        CancellationToken cancellationToken
    )
    {
        if (
            SearchWords.ReadForTextSearch(search) is not [var word]
            || registration.Key.Count > 1
            || await MatchesAsync(word, cancellationToken) is not { Count: > 0 } places
        )
            return await CollectKeysAsync(
                await MatchAsync(among ?? query.All, search, cancellationToken),
                cancellationToken
            );
        // A single word: search each place separately, up to the maximum.
        var keys = new List<object[]>();
        for (var i = 0; i < places.Count; i++)
        {
            if (
                await (
                    among is null
                        ? CollectKeysAsync(word, i, places[i], cancellationToken)
                        : CollectKeysAsync(among.Where(Expressions.Condition<T>(places[i])), cancellationToken)
                )
                is not { } some
            )
                return null;
            keys.AddRange(some);
        }
        keys = [.. keys.DistinctBy(key => key[0])];
        return keys.Count > MaxKeys ? null : keys;
    }

    /// <summary>The keys of all rows that contain a word in one of its places, cached.</summary>
    async Task<IReadOnlyList<object[]>?> CollectKeysAsync(
        (string Text, bool IsPhrase) word,
        int index,
        Func<ParameterExpression, Expression> condition,
        CancellationToken cancellationToken
    ) =>
        keysByPlace.TryGetValue((word, index), out var known)
            ? known
            : keysByPlace[(word, index)] =
                word.IsPhrase && await IsFrequentAsync(condition, cancellationToken)
                    ? null
                    : await CollectKeysAsync(query.All.Where(Expressions.Condition<T>(condition)), cancellationToken);

    /// <summary>
    /// Whether a phrase is frequent, estimated from the newest rows. A text search index knows which rows contain the
    /// words, but not their positions, so counting matches would have to read every one.
    /// </summary>
    async Task<bool> IsFrequentAsync(
        Func<ParameterExpression, Expression> condition,
        CancellationToken cancellationToken
    )
    {
        var row = Expression.Parameter(typeof(T), "row");
        var last = RowQuery<T>
            .Sort(query.All, query.KeyOf(row).Select(key => new OrderBy(key, true, false, true)), row)
            .Take(SampleSize);
        await using var hints = await PlannerHints.BeginAsync(
            request.Db,
            PlannerHints.NestedLoopsOnly,
            cancellationToken
        );
        return await last.Where(Expressions.Condition<T>(condition))
            .Skip(FrequentCount - 1)
            .AnyAsync(cancellationToken);
    }

    async Task<IReadOnlyList<object[]>?> CollectKeysAsync(IQueryable<T> rows, CancellationToken cancellationToken)
    {
        var row = Expression.Parameter(typeof(T), "row");
        var keys = RowQuery<T>.Values(rows.TakeAny(MaxKeys + 1), row, query.KeyOf(row));
        // Postgres does not use word frequency statistics for tables with row-level security or with columns that the
        // role cannot read; it assumes a selectivity of 1/50 and might scan the table. So only bitmap scans are allowed
        // here.
        await using var hints = await PlannerHints.BeginAsync(
            request.Db,
            PlannerHints.BitmapScansOnly,
            cancellationToken
        );
        var all = await keys.ToListAsync(cancellationToken);
        return all.Count > MaxKeys ? null : [.. all.Select(key => (object[])key!)];
    }

    /// <summary>The rows that contain every word of a search.</summary>
    /// <param name="rows">The rows to search.</param>
    /// <param name="search">The search.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    /// <param name="isFrequent">Whether the search is known to have too many matches to collect.</param>
    public async Task<IQueryable<T>> MatchAsync(
        IQueryable<T> rows,
        string search,
        CancellationToken cancellationToken,
        bool isFrequent = false
    )
    {
        if (search.Length == 0)
            return rows;
        // An impossible search has no matches; returning all rows would be a wrong answer.
        if (!registration.IsSearchable || SearchWords.Validate(search) is not null)
            return rows.Where(_ => false);
        var words = registration.IsSmall ? SearchWords.Read(search) : SearchWords.ReadForTextSearch(search);
        foreach (var word in words)
        {
            var matches = await MatchesAsync(word, cancellationToken);
            if (isFrequent && matches.Count > 1)
                matches = await DropUnmetAsync(word, matches, cancellationToken);
            // A union instead of OR, so that each condition uses its own index.
            rows = rows.Where(
                matches.Count > 1 && !registration.IsSmall && registration.Key is [var key]
                    ? (Expression<Func<T, bool>>)
                        InAnyMethod.MakeGenericMethod(key.ClrType).Invoke(null, [query.All, key.Name, matches])!
                    : Expressions.Condition<T>(row =>
                        matches
                            .Select(match => match(row))
                            .DefaultIfEmpty(Expression.Constant(false))
                            .Aggregate(Expression.OrElse)
                    )
            );
        }
        return rows;
    }

    async Task<List<Func<ParameterExpression, Expression>>> MatchesAsync(
        (string Text, bool IsPhrase) word,
        CancellationToken cancellationToken
    ) =>
        Matches(
            word,
            registration.IsSmall || !searchesRelated ? [] : await relatedRows.FindAsync(word, cancellationToken)
        );

    /// <summary>The alternative conditions under which a row contains a word.</summary>
    List<Func<ParameterExpression, Expression>> Matches(
        (string Text, bool IsPhrase) word,
        IReadOnlyList<Func<Expression, Expression>> related
    )
    {
        if (registration.IsSmall)
            return
            [
                .. registration.Searched.Select(field =>
                    (Func<ParameterExpression, Expression>)(
                        row =>
                            field.ManyToMany is { } links
                                ? reads.AnyLinked(
                                    field.Read,
                                    row,
                                    links,
                                    other =>
                                        SearchWords.Contains(
                                            reads.Value(
                                                request.Site.Of(links.TargetEntityType.ClrType)!.NamedBy!.Read,
                                                other
                                            ),
                                            word.Text
                                        )
                                )
                                : SearchWords.Contains(query.Value(field, row), word.Text)
                    )
                ),
            ];
        var matches = new List<Func<ParameterExpression, Expression>>();
        var own = registration.Searched.Where(field => field.IsOwn).ToList();
        var search = request.Site.TextSearch;
        if (registration.Vector is { } words)
            matches.Add(row => SearchWords.Matches(search, words.ApplyTo(row), word));
        else if (own.Count > 0)
            matches.Add(row =>
                SearchWords.Matches(
                    search,
                    SearchWords.VectorOf(search, own.Select(field => field.Read.ApplyTo(row).WithoutBoxing())),
                    word
                )
            );
        matches.AddRange(related);
        return matches;
    }

    /// <summary>
    /// Drops conditions that no row meets: if one remains, such as an owner, an index may provide its rows in list
    /// order.
    /// </summary>
    async Task<List<Func<ParameterExpression, Expression>>> DropUnmetAsync(
        (string Text, bool IsPhrase) word,
        List<Func<ParameterExpression, Expression>> conditions,
        CancellationToken cancellationToken
    )
    {
        var met = new List<Func<ParameterExpression, Expression>>();
        for (var i = 0; i < conditions.Count; i++)
            if (await CollectKeysAsync(word, i, conditions[i], cancellationToken) is not { Count: 0 })
                met.Add(conditions[i]);
        return met;
    }

    /// <summary>True if a row meets one of several conditions, as a union of keys.</summary>
    static Expression<Func<T, bool>> IsInAny<TKey>(
        IQueryable<T> all,
        string key,
        List<Func<ParameterExpression, Expression>> conditions
    )
    {
        var keys = conditions
            .Select(condition =>
                all.Where(Expressions.Condition<T>(condition)).Select(row => EF.Property<TKey>(row, key))
            )
            .Aggregate(Queryable.Concat);
        return Expressions.Condition<T>(row =>
            Expression.Call(
                typeof(Queryable),
                nameof(Queryable.Contains),
                [typeof(TKey)],
                keys.Expression,
                Expressions.Property(row, typeof(TKey), key)
            )
        );
    }
}
