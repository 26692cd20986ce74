using System.Linq.Expressions;
using System.Reflection;
using Lightning.Admin.Registrations;
using Lightning.Data.Rules;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;

namespace Lightning.Admin.Lists;

/// <summary>The rows of a registration as queries: every one begins with the policy's scope, and every value of a related row passes that row's policy.</summary>
/// <param name="registration">What the rows are.</param>
/// <param name="request">Who asks.</param>
/// <param name="searchesRelated">Whether a search of a large table looks through the rows that are related too. It goes one step: those that lead from one to the next may lead back.</param>
sealed class RowQuery<T>(AdminFor<T> registration, AdminRequest request, bool searchesRelated = true)
    where T : class
{
    /// <summary>Beyond so many rows, what a search finds is not named one by one; a word that so many related rows have is not looked for in them.</summary>
    const int MostRelated = 1000;

    /// <summary>A phrase that so many of the last rows have is one that a page is soon full of.</summary>
    const int Common = 5, Last = 500;
    static readonly MethodInfo[] Ordering = [.. new[] { nameof(Queryable.OrderBy), nameof(Queryable.OrderByDescending), nameof(Queryable.ThenBy), nameof(Queryable.ThenByDescending) }
        .Select(name => typeof(Queryable).GetMethods().Single(method => method.Name == name && method.GetParameters().Length == 2))];
    static readonly MethodInfo Either = typeof(RowQuery<T>).GetMethod(nameof(IsAmongEither), BindingFlags.Static | BindingFlags.NonPublic)!;
    readonly Dictionary<string, IReadOnlyList<object[]>?> found = new(StringComparer.Ordinal);
    readonly Dictionary<(string Text, bool IsPhrase), IReadOnlyList<Func<Expression, Expression>>> related = [];
    readonly Dictionary<((string Text, bool IsPhrase) Word, int Place), IReadOnlyList<object[]>?> named = [];
    readonly List<string> leftOut = [];
    readonly ScopedReads reads = new(request.Site, request.Actor);
    readonly EntityRules rules = request.Site.RulesOf(typeof(T));

    /// <summary>What the rows are linked with.</summary>
    public LinkFilter Links { get; } = new(request, new(request.Site, request.Actor));

    /// <summary>What a search has not looked for, as sentences: words that fit too many related rows.</summary>
    public IReadOnlyList<string> LeftOut => leftOut;

    /// <summary>All rows, those too that the actor may not read: nothing of them is shown.</summary>
    IQueryable<T> All => request.Db.Set<T>().AsNoTracking();

    /// <summary>The rows that the actor may do it to.</summary>
    public IQueryable<T> Rows(Verb verb = Verb.Read) => Within(All, verb);

    /// <summary>Those of the rows that the actor may do it to.</summary>
    public IQueryable<T> Within(IQueryable<T> rows, Verb verb) => rules.Scope(request.Actor, verb) is { } scope ? rows.Where((Expression<Func<T, bool>>)scope) : rows;

    /// <summary>The row of a key.</summary>
    public IQueryable<T> WithKey(IQueryable<T> rows, IReadOnlyList<object> key) => rows.Where(Expressions.Condition<T>(row => SameKey(row, key)));

    /// <summary>The rows of keys.</summary>
    public IQueryable<T> WithKeys(IQueryable<T> rows, IReadOnlyCollection<IReadOnlyList<object>> keys) => rows.Where(Expressions.Condition<T>(row => HasOneOf(row, keys)));

    /// <summary>That a row has one of these keys.</summary>
    public Expression HasOneOf(Expression row, IReadOnlyCollection<IReadOnlyList<object>> keys) => Expressions.HaveOneOf(row, registration.Key, keys);

    /// <summary>The rows that one of these is linked with by a table between them.</summary>
    public IQueryable Linked(IReadOnlyList<object> key, ISkipNavigation links)
    {
        var (row, target) = (Expression.Parameter(typeof(T), "row"), links.TargetEntityType.ClrType);
        var leads = Expression.Lambda(typeof(Func<,>).MakeGenericType(typeof(T), typeof(IEnumerable<>).MakeGenericType(target)), Expression.Property(row, links.PropertyInfo!), row);
        var rows = WithKey(All, key);
        return rows.Provider.CreateQuery(Expression.Call(typeof(Queryable), nameof(Queryable.SelectMany), [typeof(T), target], rows.Expression, Expression.Quote(leads)));
    }

    /// <summary>The living, or those that were put away.</summary>
    public IQueryable<T> Living(IQueryable<T> rows, bool deleted = false)
    {
        if (registration.Tombstone is not { } tombstone) return rows;
        return rows.Where(Expressions.Condition<T>(row =>
            Expression.MakeBinary(deleted ? ExpressionType.NotEqual : ExpressionType.Equal, tombstone.Read.About(row).As(typeof(DateTimeOffset?)), Expression.Constant(null, typeof(DateTimeOffset?)))));
    }

    /// <summary>What a list shows, in no order.</summary>
    /// <param name="state">The list.</param>
    /// <param name="without">A filter that is left out, so that its own counts can be shown.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <param name="among">Rows that are narrowed already; null for all that may be read.</param>
    public async Task<IQueryable<T>> NarrowAsync(ListState state, string? without, CancellationToken cancellationToken, IQueryable<T>? among = null)
    {
        var rows = Living(among ?? Rows(), state.Deleted);
        if (state.Faults.Count > 0) return rows.Where(_ => false);
        foreach (var by in state.Filters.Where(by => by.Field != without))
        {
            var field = registration.Filters.First(filter => filter.Name == by.Field).Field;
            rows = rows.Where(Expressions.Condition<T>(await ConditionAsync(field, by, cancellationToken)));
        }
        return await SearchAsync(rows, state.Search, cancellationToken);
    }

    /// <summary>What a filter asks of a row.</summary>
    public async Task<Func<Expression, Expression>> ConditionAsync(Field field, FilterBy by, CancellationToken cancellationToken) =>
        field.Links is null ? row => Narrowing.Of(Value(field, row), by) : await Links.ConditionAsync(field, by, cancellationToken);

    /// <summary>
    /// Leads the database from the table between to the rows of a large list, where it is narrowed to what is linked with a row: it takes those for spread evenly, and would sooner go through all rows
    /// beside the table between until enough have met.
    /// </summary>
    public async Task<ShutWays?> LeadAsync(IEnumerable<FilterBy> filters, CancellationToken cancellationToken) =>
        !registration.IsSmall && filters.Any(by => by is { Comparison: Comparison.Is, Values.Count: 1 } && registration.Filters.Any(filter => filter.Name == by.Field && filter.IsPicked))
            ? await ShutWays.BeginAsync(request.Db, ShutWays.AllButLookingUp, cancellationToken) : null;

    /// <summary>
    /// Those of the rows that a search finds. Of a large table they are looked up first: if they are few, it is they that are asked for, by their keys. If not, the list is gone through in its order until
    /// a page is full.
    /// </summary>
    public async Task<IQueryable<T>> SearchAsync(IQueryable<T> rows, string search, CancellationToken cancellationToken) =>
        registration.IsSmall || registration.Key.Count > 1 || SearchWords.Read(search).Count == 0 || !registration.IsSearchable ? await MatchAsync(rows, search, cancellationToken)
        : await FindAsync(search, cancellationToken) is { } keys ? WithKeys(rows, keys)
        : await MatchAsync(rows, search, cancellationToken, isFrequent: true);

    /// <summary>
    /// The keys of what a search finds in all of a large table; null where that is too much to name. Rows are among them that the actor may not read, so it decides how something is looked for, and
    /// never what is said of it.
    /// </summary>
    public async Task<IReadOnlyList<object[]>?> FindAsync(string search, CancellationToken cancellationToken) =>
        found.TryGetValue(search, out var known) ? known : found[search] = await LookUpAsync(among: null, search, cancellationToken);

    /// <summary>The same among the rows that the actor may read, where there is too much in all. It may take reading each of those that have the words, to see whether it is one of them.</summary>
    public async Task<IReadOnlyList<object[]>?> FindReadableAsync(string search, CancellationToken cancellationToken) =>
        rules.Scope(request.Actor, Verb.Read) is null ? null : await LookUpAsync(Rows(), search, cancellationToken);

    /// <param name="among">Rows that are narrowed already; null for all that there are.</param>
    /// <param name="search">What is searched for.</param>
    /// <param name="cancellationToken">Gives up.</param>
    async Task<IReadOnlyList<object[]>?> LookUpAsync(IQueryable<T>? among, string search, CancellationToken cancellationToken)
    {
        if (SearchWords.Read(search) is not [var word] || registration.Key.Count > 1 || await MatchesAsync(word, cancellationToken) is not { Count: > 0 } places)
            return await NameAsync(await MatchAsync(among ?? All, search, cancellationToken), cancellationToken);
        // One word in one place or another: each is looked through by itself, and no further than can be named.
        var keys = new List<object[]>();
        for (var i = 0; i < places.Count; i++)
        {
            if (await (among is null ? NameAsync(word, i, places[i], cancellationToken) : NameAsync(among.Where(Expressions.Condition<T>(places[i])), cancellationToken)) is not { } some) return null;
            keys.AddRange(some);
        }
        keys = [.. keys.DistinctBy(key => key[0])];
        return keys.Count > MostRelated ? null : keys;
    }

    /// <summary>All rows that have a word in one of its places, named once.</summary>
    async Task<IReadOnlyList<object[]>?> NameAsync((string Text, bool IsPhrase) word, int place, Func<ParameterExpression, Expression> condition, CancellationToken cancellationToken) =>
        named.TryGetValue((word, place), out var known) ? known
        : named[(word, place)] = word.IsPhrase && await IsCommonAsync(condition, cancellationToken) ? null
        : await NameAsync(All.Where(Expressions.Condition<T>(condition)), cancellationToken);

    /// <summary>
    /// Whether there are more rows than can be named that have a phrase, as far as the last ones tell. An index of words knows which rows have those of a phrase, and not whether they stand together: to name as
    /// many as can be would read all rows that have the words until then.
    /// </summary>
    async Task<bool> IsCommonAsync(Func<ParameterExpression, Expression> condition, CancellationToken cancellationToken)
    {
        var row = Expression.Parameter(typeof(T), "row");
        var last = Sort(All, KeyOf(row).Select(key => new OrderBy(key, true, false, true)), row).Take(Last);
        await using var shut = await ShutWays.BeginAsync(request.Db, ShutWays.AllButLookingUp, cancellationToken);
        return await last.Where(Expressions.Condition<T>(condition)).Skip(Common - 1).AnyAsync(cancellationToken);
    }

    async Task<IReadOnlyList<object[]>?> NameAsync(IQueryable<T> rows, CancellationToken cancellationToken)
    {
        var row = Expression.Parameter(typeof(T), "row");
        var keys = Values(rows.TakeAny(MostRelated + 1), row, KeyOf(row));
        // How often a word occurs the database does not tell its planner about rows that this role may not read every column of, or that row-level security guards. It would guess one in fifty, and
        // for a word that is rarer read the table until it had found enough. So it is left no other way than the index of words.
        await using var shut = await ShutWays.BeginAsync(request.Db, ShutWays.AllButBitmaps, cancellationToken);
        var all = await keys.ToListAsync(cancellationToken);
        return all.Count > MostRelated ? null : [.. all.Select(key => (object[])key!)];
    }

    /// <summary>Those of the rows in which every word of a search is.</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="search">What is searched for.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <param name="isFrequent">Whether it is known to find more than can be named.</param>
    public async Task<IQueryable<T>> MatchAsync(IQueryable<T> rows, string search, CancellationToken cancellationToken, bool isFrequent = false)
    {
        if (search.Length == 0) return rows;
        // Nothing is found where nothing can be looked for: all rows would be another answer than was asked for.
        if (!registration.IsSearchable || SearchWords.Fault(search) is not null) return rows.Where(_ => false);
        foreach (var word in SearchWords.Read(search))
        {
            var matches = await MatchesAsync(word, cancellationToken);
            if (isFrequent && matches.Count > 1) matches = await MetAsync(word, matches, cancellationToken);
            // One or the other, each by its own index: the database takes "or" for one condition, and where it reaches another table, for one that no index serves.
            rows = rows.Where(matches.Count > 1 && !registration.IsSmall && registration.Key is [var key]
                ? (Expression<Func<T, bool>>)Either.MakeGenericMethod(key.ClrType).Invoke(null, [All, key.Name, matches])!
                : Expressions.Condition<T>(row => matches.Select(match => match(row)).DefaultIfEmpty(Expression.Constant(false)).Aggregate(Expression.OrElse)));
        }
        return rows;
    }

    /// <summary>A value of a row, null where it is a related row's that the actor may not read; of rows that it is linked with the first, each by key and name, one more than are shown.</summary>
    public Expression Value(Field field, Expression row, int mostLinked = Cells.MostLinked) => field.Links is { } links
        ? reads.Linked(field.Read, row, request.Site.Of(links.TargetEntityType.ClrType)!, mostLinked + 1) : reads.Value(field.Read, row);

    /// <summary>The columns of an order, those of the key last, so that it is the same each time.</summary>
    public IReadOnlyList<OrderBy> Order(ListState state, ParameterExpression row)
    {
        var asked = state.Sort.Count > 0
            ? state.Sort.Select(sort => (registration.Columns.Concat(registration.Sorted).First(column => column.Name == sort.Column), sort.Descends)).ToList()
            : OwnOrder(state);
        var order = asked.Select(sort => Of(sort.Item1, sort.Item2)).ToList();
        // In the direction of the last column, so that one index has both.
        var descends = asked.Count == 0 || asked[^1].Item2;
        return [.. order, .. registration.Key.Select(key => new OrderBy(Expressions.Property(row, key.ClrType, key.Name), descends, false, key.GetTypeMapping().Converter is null))];

        OrderBy Of(Field field, bool descends) => new(Value(field, row), descends,
            field.Property!.IsNullable || field.Through.Count > 0, field.Property.GetTypeMapping().Converter is null && field.Type != typeof(bool));
    }

    /// <summary>
    /// The list's own order. A large one that is narrowed to a span is in the order of what it is a span of, one that is narrowed to what is missing begins with that, and one that is
    /// narrowed to what is linked with a row is in the order of the key: so one index has both, and no more is read than is shown.
    /// </summary>
    List<(Field Field, bool Descends)> OwnOrder(ListState state)
    {
        if (!registration.IsSmall)
            foreach (var by in state.Filters)
            {
                var field = registration.Filters.First(filter => filter.Name == by.Field).Field;
                if (field.Links is not null && by is { Comparison: Comparison.Is, Values.Count: 1 }) return [];
                if (!registration.Serves(field, ordered: true)) continue;
                if (by.Comparison is Comparison.On or Comparison.From or Comparison.To) return [(field, true)];
                if (by.Comparison == Comparison.Empty && by.Values[0] == "yes" && field.Type != typeof(string)) return [(field, true), .. registration.Ordered.Where(sort => sort.Field.Name != field.Name)];
            }
        return [.. registration.Ordered];
    }

    /// <summary>The rows in an order.</summary>
    public static IQueryable<T> Sort(IQueryable<T> rows, IEnumerable<OrderBy> order, ParameterExpression row)
    {
        var place = 0;
        foreach (var by in order)
        {
            var how = Ordering[(place++ == 0 ? 0 : 2) + (by.Descends ? 1 : 0)].MakeGenericMethod(typeof(T), by.Value.Type);
            rows = (IQueryable<T>)how.Invoke(null, [rows, Expression.Lambda(by.Value, row)])!;
        }
        return rows;
    }

    /// <summary>Values of each row, and nothing else of it.</summary>
    public static IQueryable<object?[]> Values(IQueryable<T> rows, ParameterExpression row, IEnumerable<Expression> values) =>
        rows.Select(Expression.Lambda<Func<T, object?[]>>(Expression.NewArrayInit(typeof(object), values.Select(value => value.As(typeof(object)))), row));

    /// <summary>The parts of a row's key.</summary>
    public IEnumerable<Expression> KeyOf(Expression row) => registration.Key.Select(key => Expressions.Property(row, key.ClrType, key.Name));

    /// <summary>Whether the actor may do it to the row, as one more value of it.</summary>
    public Expression May(Verb verb, ParameterExpression row) =>
        !rules.Knows(verb) ? Expression.Constant(false) : rules.Scope(request.Actor, verb) is { } scope ? scope.About(row) : Expression.Constant(true);

    /// <summary>Whether an action can be done to the row: the actor may, and the row is as the action wants it.</summary>
    public Expression Can(RowAction action, ParameterExpression row) => action.Condition is { } condition ? Expression.AndAlso(May(action.Verb, row), Meets(condition, row)) : May(action.Verb, row);

    /// <summary>Whether a condition holds of the row, as the actor may read it.</summary>
    public Expression Meets(Field? condition, ParameterExpression row) =>
        condition is null ? Expression.Constant(true) : Value(condition, row) is var value && value.Type == typeof(bool) ? value : Expression.Equal(value, Expression.Constant(true, typeof(bool?)));

    Expression SameKey(Expression row, IReadOnlyList<object> key) => Expressions.AreEqual(row, registration.Key, key);

    async Task<List<Func<ParameterExpression, Expression>>> MatchesAsync((string Text, bool IsPhrase) word, CancellationToken cancellationToken) =>
        Matches(word, registration.IsSmall || !searchesRelated ? [] : await RelatedAsync(word, cancellationToken));

    /// <summary>The conditions under which a row has a word, any of which suffices.</summary>
    List<Func<ParameterExpression, Expression>> Matches((string Text, bool IsPhrase) word, IReadOnlyList<Func<Expression, Expression>> related)
    {
        if (registration.IsSmall) return [.. registration.Searched.Select(field => (Func<ParameterExpression, Expression>)(row => field.Links is { } links
            ? reads.AnyLinked(field.Read, row, links, other => Narrowing.Contains(reads.Value(request.Site.Of(links.TargetEntityType.ClrType)!.NamedBy!.Read, other), word.Text)) : Narrowing.Contains(Value(field, row), word.Text)))];
        var matches = new List<Func<ParameterExpression, Expression>>();
        var own = registration.Searched.Where(field => field.IsOwn).ToList();
        if (registration.Words is { } words) matches.Add(row => SearchWords.Matches(words.About(row), word));
        else if (own.Count > 0) matches.Add(row => SearchWords.Matches(SearchWords.VectorOf(own.Select(field => field.Read.About(row).Unboxed())), word));
        matches.AddRange(related);
        return matches;
    }

    /// <summary>Those of several conditions that any row meets: where it is one, such as what a person owns, an index may have its rows in the order of the list.</summary>
    async Task<List<Func<ParameterExpression, Expression>>> MetAsync((string Text, bool IsPhrase) word, List<Func<ParameterExpression, Expression>> conditions, CancellationToken cancellationToken)
    {
        var met = new List<Func<ParameterExpression, Expression>>();
        for (var i = 0; i < conditions.Count; i++)
            if (await NameAsync(word, i, conditions[i], cancellationToken) is not { Count: 0 }) met.Add(conditions[i]);
        return met;
    }

    /// <summary>That a row is among those of which one of several conditions holds.</summary>
    static Expression<Func<T, bool>> IsAmongEither<TKey>(IQueryable<T> all, string key, List<Func<ParameterExpression, Expression>> conditions)
    {
        var keys = conditions.Select(condition => all.Where(Expressions.Condition<T>(condition)).Select(row => EF.Property<TKey>(row, key))).Aggregate(Queryable.Concat);
        return Expressions.Condition<T>(row => Expression.Call(typeof(Queryable), nameof(Queryable.Contains), [typeof(TKey)], keys.Expression, Expressions.Property(row, typeof(TKey), key)));
    }

    /// <summary>
    /// That a row has to do with one in whose own columns a word is found by the search of its own registration, each by the column or the table that leads there. So an index serves both sides; and
    /// where a word fits more than can be named, that is said.
    /// </summary>
    async Task<IReadOnlyList<Func<Expression, Expression>>> RelatedAsync((string Text, bool IsPhrase) word, CancellationToken cancellationToken)
    {
        if (related.TryGetValue(word, out var known)) return known;
        var found = new List<Func<Expression, Expression>>();
        foreach (var (navigation, field) in registration.Searched.Select(field => ((INavigationBase?)field.Links ?? field.Related, field)).Where(one => one.Item1 is not null).DistinctBy(one => one.Item1))
        {
            if (request.Site.Of(navigation!.TargetEntityType.ClrType) is not { KeyLength: 1 } target) continue;
            var rows = target.Open(request);
            if (!rows.IsPossible(Verb.Read)) continue;
            if (await rows.KeysAsync(word.IsPhrase ? $"\"{word.Text}\"" : word.Text, MostRelated, cancellationToken) is not { } keys)
            {
                var tooMany = $"“{word.Text}” fits more than {MostRelated:N0} {target.Title.ToLowerInvariant()}, too many to look for {registration.Title.ToLowerInvariant()} by them: only what is a row's own was looked through. "
                    + "Write more of the word, or a phrase in quotes.";
                // Two columns may lead to the same rows.
                if (!leftOut.Contains(tooMany)) leftOut.Add(tooMany);
                continue;
            }
            if (keys.Count > 0 && navigation is INavigation { ForeignKey.Properties: [var column] }) found.Add(row => keys is [var only] ? Expressions.AreEqual(row, [column], [only]) : Expressions.IsAmong(row, column, keys));
            else if (keys.Count > 0 && navigation is ISkipNavigation links) found.Add(row => reads.AnyLinked(field.Read, row, links, other => Expressions.IsAmong(other, target.Key[0], keys)));
        }
        return related[word] = found;
    }
}
