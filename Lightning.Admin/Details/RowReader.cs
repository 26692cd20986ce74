using System.Linq.Expressions;
using Lightning.Admin.Forms;
using Lightning.Admin.Lists;
using Lightning.Admin.Registrations;
using Lightning.Data.Rules;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;

namespace Lightning.Admin.Details;

/// <summary>Reads a row's page: the columns that are named and no other.</summary>
sealed class RowReader<T>(AdminFor<T> registration, AdminRequest request, RowQuery<T> query)
    where T : class
{
    const int MostChildren = 20;

    /// <summary>Of one row more can be read than of each in a list.</summary>
    const int MostLinkedTogether = 1000;

    public async Task<RowView?> ReadAsync(string key, CancellationToken cancellationToken)
    {
        if (RowKey.Read(key, registration.Key) is not { } parts) return null;
        var row = Expression.Parameter(typeof(T), "row");
        var fields = Fields();
        var cells = new Cells(registration, request, fields, row, MostLinkedTogether);
        var actions = registration.Actions.Where(action => action.Name != "delete").ToList();
        var tombstone = registration.Tombstone is { } put ? query.Value(put, row) : Expression.Constant(null, typeof(object));
        Expression[] values =
        [
            .. fields.Select(field => query.Value(field, row, cells.Most)), .. cells.Keys, .. actions.Select(action => query.Can(action, row)),
            query.Value(registration.NamedBy!, row), tombstone, query.May(Verb.Update, row), query.May(Verb.Delete, row), query.Meets(registration.ActCondition, row),
        ];
        if (await RowQuery<T>.Values(query.WithKey(query.Rows(), parts), row, values).SingleOrDefaultAsync(cancellationToken) is not { } found) return null;

        await cells.FindNamesAsync([found], 0, cancellationToken);
        List<Fact> facts = [.. cells.Of(found, 0).Zip(fields, (cell, field) => new Fact(field.Title, cell.Text, cell.Link) { Rows = cell.Rows })];
        var allowed = actions.Where((_, i) => found[fields.Count + cells.KeyCount + i] is true).ToList();
        var isDeleted = found[^4] is not null;
        return new(key, registration.NamedBy!.Show(found[^5]), string.Join(',', parts), facts, await ChildrenAsync(key, parts, cancellationToken),
            found[^3] is true && !isDeleted && registration.Written.Count > 0, found[^2] is true && registration.Deletes, isDeleted, isDeleted ? [] : allowed, found[^1] is true);
    }

    /// <summary>What the page shows: what can be written first, related rows by their names, then the rest, each once.</summary>
    List<Field> Fields()
    {
        var fields = new List<Field>();
        foreach (var field in registration.Written.Concat(registration.Columns).Concat(registration.Shown).Select(Named))
            if (fields.All(other => other.Name != field.Name)) fields.Add(field);
        return fields;
    }

    Field Named(Field field)
    {
        if (FormField.Of(registration.Table, field) is not { Relation: { PropertyInfo: { } property }, Target: { } target } || request.Site.Of(target.ClrType)?.NamedBy is not { } label) return field;
        var row = Expression.Parameter(typeof(T), "row");
        var named = new Field(Expression.Lambda(label.Read.About(Expression.Property(row, property)), row), field.Title == Values.TypedText.Words(field.Name) ? Values.TypedText.Words(property.Name) : field.Title);
        named.Find(registration.Table);
        return named;
    }

    async Task<IReadOnlyList<ChildRows>> ChildrenAsync(string key, object[] parts, CancellationToken cancellationToken)
    {
        var children = new List<ChildRows>();
        foreach (var inline in registration.Inlines)
        {
            var navigation = registration.Table.FindNavigation(inline.Name)!;
            if (request.Site.Of(inline.Child) is not { } child) continue;
            var rows = child.Open(request);
            if (!rows.IsPossible(Verb.Read)) continue;
            var page = await rows.ChildrenAsync(navigation.ForeignKey.Properties, parts, MostChildren, cancellationToken);
            var leads = child.Written.FirstOrDefault(field => FormField.Of(child.Table, field) is { Relation: { } relation } && relation.ForeignKey == navigation.ForeignKey);
            var form = leads is not null && rows.CanCreate ? $"/{child.Slug}/-/new?{leads.Name}={key}" : null;
            var narrows = navigation.ForeignKey.Properties is [var column] ? child.Filters.FirstOrDefault(filter => filter.Field.Property == column && filter.Field.Through.Count == 0) : null;
            children.Add(new(child, page, form, narrows is null ? null : $"/{child.Slug}?f.{narrows.Name}.is={Uri.EscapeDataString(Values.TypedText.Write(parts[0]))}"));
        }
        return children;
    }
}
