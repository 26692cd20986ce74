using System.Linq.Expressions;
using Lightning.Data;
using Lightning.Data.Rules;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Admin.Registrations;

/// <summary>What the admin site shows of one kind of object; one short file per entity derives from <see cref="AdminFor{T}"/>.</summary>
public abstract class Registration
{
    /// <summary>Its name as a heading.</summary>
    public abstract string Title { get; }

    /// <summary>Its name in addresses.</summary>
    public string Slug => Title.ToLowerInvariant();

    /// <summary>The columns of its list.</summary>
    public abstract IReadOnlyList<string> Columns { get; }

    /// <summary>The page of one row; null where there is none.</summary>
    public virtual string? PageOf(Guid key) => null;

    /// <summary>A page that does something about one row, linked from it, and about all of them, linked from the list; none where nothing is to be done.</summary>
    public virtual (string Page, string OfRow, string OfAll)? Act => null;

    /// <summary>One page of its list, newest first, of the rows that the actor may read.</summary>
    /// <param name="db">The database.</param>
    /// <param name="actor">Who looks.</param>
    /// <param name="after">The last row of the page before; null for the first page.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public abstract Task<RowPage> ReadAsync(LightningDb db, Actor actor, Guid? after, CancellationToken cancellationToken);
}

/// <summary>A page of a list.</summary>
/// <param name="Rows">The values, a column each.</param>
/// <param name="Keys">The rows' keys.</param>
/// <param name="Next">The last row where more follow, else null.</param>
public sealed record RowPage(IReadOnlyList<IReadOnlyList<object?>> Rows, IReadOnlyList<Guid> Keys, Guid? Next);

/// <summary>
/// Registers an entity. Only the columns that are named are read, so that a role without a right to the others suffices, and every row passes
/// the entity's policy.
/// </summary>
public abstract class AdminFor<T>(string title, Policy<T> policy, Expression<Func<T, Guid>> key) : Registration
    where T : class
{
    /// <summary>Rows on a page.</summary>
    const int PageSize = 50;
    readonly List<(string Title, Expression<Func<T, object?>> Value)> columns = [];

    /// <inheritdoc/>
    public override string Title => title;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Columns => [.. columns.Select(column => column.Title)];

    /// <summary>Adds a column to the list.</summary>
    protected void Column(string name, Expression<Func<T, object?>> value) => columns.Add((name, value));

    /// <inheritdoc/>
    public override async Task<RowPage> ReadAsync(LightningDb db, Actor actor, Guid? after, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(db);
        var rows = db.Set<T>().AsNoTracking().Where(policy, actor, Verb.Read);
        // Keys are version 7: their order is that of time, and a page costs the same however deep it lies.
        if (after is { } last) rows = rows.Where(Before(last));
        var found = await rows.OrderByDescending(key).Select(Values()).Take(PageSize + 1).ToListAsync(cancellationToken);
        var page = found.Take(PageSize).ToArray();
        return new RowPage([.. page.Select(row => row[1..])], [.. page.Select(row => (Guid)row[0]!)], found.Count > PageSize ? (Guid)page[^1][0]! : null);
    }

    Expression<Func<T, bool>> Before(Guid last)
    {
        Expression<Func<Guid>> value = () => last;
        return Expression.Lambda<Func<T, bool>>(Expression.LessThan(key.Body, value.Body), key.Parameters);
    }

    /// <summary>The key and then the columns, as one array.</summary>
    Expression<Func<T, object?[]>> Values()
    {
        var row = key.Parameters[0];
        var values = columns.Select(column => new Replace(column.Value.Parameters[0], row).Visit(column.Value.Body))
            .Prepend(Expression.Convert(key.Body, typeof(object)));
        return Expression.Lambda<Func<T, object?[]>>(Expression.NewArrayInit(typeof(object), values), row);
    }

    sealed class Replace(ParameterExpression parameter, ParameterExpression by) : ExpressionVisitor
    {
        protected override Expression VisitParameter(ParameterExpression node) => node == parameter ? by : base.VisitParameter(node);
    }
}
