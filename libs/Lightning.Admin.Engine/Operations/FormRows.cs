using System.Linq.Expressions;
using System.Runtime.CompilerServices;
using Lightning.Admin.Engine.Forms;
using Lightning.Admin.Engine.Linq;
using Lightning.Admin.Engine.Lists;
using Lightning.Admin.Engine.Queries;
using Lightning.Admin.Engine.Registrations;
using Lightning.Admin.Engine.Values;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Admin.Engine.Operations;

/// <summary>Streams the rows of a list with the values of the form's fields, as an import reads them.</summary>
sealed class FormRows<T>(AdminFor<T> registration, AdminRequest request, ListQuery<T> list)
    where T : class
{
    /// <summary>The maximum number of linked rows per field; the import refuses a field that has more.</summary>
    const int MaxLinked = LinkedRows.MaxPosted;

    readonly RowQuery<T> query = list.Rows;

    /// <summary>Streams the values of the fields, without buffering: keys instead of names for related rows.</summary>
    public async IAsyncEnumerable<object?[]> StreamAsync(
        ListState state,
        IReadOnlyList<FormField> fields,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        var row = Expression.Parameter(typeof(T), "row");
        var rows = RowQuery<T>.Sort(
            await list.FilterAsync(state, null, cancellationToken),
            list.Order(state, row),
            row
        );
        var columns = fields.Select(ColumnOf).ToList();
        var most = Cells.MaxLinkedOf(columns, MaxLinked, MaxLinked);
        var values = fields.SelectMany((field, index) => ValuesOf(field, columns[index], row, most));
        await foreach (
            var found in RowQuery<T>.Values(rows, row, values).AsAsyncEnumerable().WithCancellation(cancellationToken)
        )
        {
            var (shown, at) = (new object?[fields.Count], 0);
            for (var i = 0; i < fields.Count; i++)
            {
                var count = fields[i].Relation is { } ? fields[i].Columns.Count : 1;
                shown[i] = Show(fields[i], columns[i], found[at..(at + count)], most);
                at += count;
            }
            yield return shown;
        }
    }

    object? Show(FormField field, Field column, object?[] values, int most) =>
        field.ManyToMany is not null
            ? Cells
                .Linked(request.Site, column, values[0], most)
                .Select(one => one.Key.Length == 0 ? one.Name : one.Key)
                .ToList()
        : field.Relation is null ? values[0]
        : values.Contains(null) ? null
        : RowKey.Format(values);

    IEnumerable<Expression> ValuesOf(FormField field, Field column, ParameterExpression row, int most) =>
        field.Relation is not null
            ? field.Columns.Select(key => Expressions.Property(row, key.ClrType, key.Name))
            : [query.Value(column, row, most)];

    Field ColumnOf(FormField field) => registration.Written.First(column => column.Name == field.Name);
}
