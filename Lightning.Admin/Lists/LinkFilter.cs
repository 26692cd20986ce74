using System.Linq.Expressions;
using Lightning.Admin.Forms;
using Lightning.Admin.Registrations;
using Microsoft.EntityFrameworkCore.Metadata;

namespace Lightning.Admin.Lists;

/// <summary>
/// Narrows rows to those that are linked with certain others by a table between them, or with any, or with none. Others that the actor may not read are as if they were not there: nothing is linked with
/// them, whether they are asked for by their keys or would be the only ones.
/// </summary>
sealed class LinkFilter(AdminRequest request, ScopedReads reads)
{
    /// <summary>Of rows of which there are few so many are offered, each with how many it leaves.</summary>
    const int MostOffered = 20;
    readonly Dictionary<(Type Target, string Key), string?> names = [];

    /// <summary>The condition on a row.</summary>
    public async Task<Func<Expression, Expression>> ConditionAsync(Field field, FilterBy by, CancellationToken cancellationToken)
    {
        var links = field.Links!;
        if (by.Comparison == Comparison.Empty)
            return row => reads.AnyLinked(field.Read, row, links, _ => Expression.Constant(true)) is var any && by.Values[0] == "yes" ? Expression.Not(any) : any;
        // Asked beforehand, so that what is left to ask is of the table between alone, and one index of it has the rows in their order.
        var readable = (await NamedAsync(links, by.Values, cancellationToken)).Where(one => one.Name is not null).Select(one => RowKey.Read(one.Key, Of(links).Key)!).ToList();
        return row => readable.Count == 0 ? Expression.Constant(false) : IsLinked(row, links, readable);
    }

    /// <summary>What is offered beside a search: what is chosen already, and of rows of which there are few the first.</summary>
    public async Task<IReadOnlyList<Choice>> OfferAsync(Filter filter, ListState state, CancellationToken cancellationToken)
    {
        var links = filter.Field.Links!;
        var first = Of(links).IsSmall ? await Of(links).Open(request).PickAsync("", MostOffered, cancellationToken) : [];
        var chosen = await NamedAsync(links, state.ValuesOf(filter.Name, Comparison.Is), cancellationToken);
        return [.. chosen.Where(one => first.All(other => other.Key != one.Key)).Select(one => new Choice(one.Key, one.Name ?? Pickers.Unseen)), .. first];
    }

    /// <summary>What rows are called that are asked for; without a name where there is none that the actor may read.</summary>
    public async Task<IReadOnlyList<(string Key, string? Name)>> NamedAsync(ISkipNavigation links, IReadOnlyList<string> keys, CancellationToken cancellationToken)
    {
        var target = Of(links);
        var unknown = keys.Where(key => !names.ContainsKey((target.Entity, key))).ToList();
        if (unknown.Count > 0)
        {
            var found = await target.Open(request).NamedAsync(unknown, cancellationToken);
            foreach (var key in unknown) names[(target.Entity, key)] = found.GetValueOrDefault(key);
        }
        return [.. keys.Select(key => (key, names[(target.Entity, key)]))];
    }

    /// <summary>That the table between has a row of both.</summary>
    MethodCallExpression IsLinked(Expression row, ISkipNavigation links, IReadOnlyList<object[]> keys)
    {
        var (link, here, there) = (Expression.Parameter(links.JoinEntityType.ClrType, "link"), links.ForeignKey, links.Inverse.ForeignKey.Properties);
        var condition = here.Properties.Zip(here.PrincipalKey.Properties, (column, key) => (Expression)Expression.Equal(Property(link, column), Property(row, key).As(column.ClrType)))
            .Append(keys is [var only] ? Expressions.AreEqual(link, there, only) : Expressions.HaveOneOf(link, there, keys)).Aggregate(Expression.AndAlso);
        IQueryable between = request.Db.Set<Dictionary<string, object>>(links.JoinEntityType.Name);
        return Expression.Call(typeof(Queryable), nameof(Queryable.Any), [link.Type], between.Expression, Expression.Quote(Expression.Lambda(condition, link)));

        static Expression Property(Expression of, IProperty column) => Expressions.Property(of, column.ClrType, column.Name);
    }

    Registration Of(ISkipNavigation links) => request.Site.Of(links.TargetEntityType.ClrType)!;
}
