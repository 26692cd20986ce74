using System.Linq.Expressions;
using Lightning.Admin.Engine.Forms;
using Lightning.Admin.Engine.Linq;
using Lightning.Admin.Engine.Lists;
using Lightning.Admin.Engine.Queries;
using Lightning.Admin.Engine.Registrations;
using Lightning.Admin.Engine.Values;
using Lightning.Authorization;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Admin.Engine.Details;

/// <summary>Reads a row's page; selects only the named columns.</summary>
sealed class RowReader<T>(AdminFor<T> registration, AdminRequest request, RowQuery<T> query)
    where T : class
{
    const int MaxChildren = 20;

    /// <summary>A single row may read more linked rows than each row of a list.</summary>
    const int MaxLinkedTogether = 1000;

    public async Task<RowView?> ReadAsync(string key, CancellationToken cancellationToken)
    {
        if (RowKey.Parse(key, registration.Key) is not { } parts)
            return null;
        var row = Expression.Parameter(typeof(T), "row");
        var fields = Fields();
        var cells = new Cells(registration, request, fields, row, MaxLinkedTogether);
        var actions = registration.Actions.Where(action => action.Name != "delete").ToList();
        var deletedAt = registration.DeletedAtField is { } deletedAtField
            ? query.Value(deletedAtField, row)
            : Expression.Constant(null, typeof(object));
        Expression[] values =
        [
            .. fields.Select(field => query.Value(field, row, cells.Most)),
            .. cells.Keys,
            .. actions.Select(action => query.Can(action, row)),
            query.Value(registration.NamedBy!, row),
            deletedAt,
            query.May(Verb.Update, row),
            query.May(Verb.Delete, row),
            query.Meets(registration.OperationCondition, row),
        ];
        if (
            await RowQuery<T>
                .Values(query.WithKey(query.Rows(), parts), row, values)
                .SingleOrDefaultAsync(cancellationToken)
            is not { } found
        )
            return null;

        await cells.FindNamesAsync([found], 0, cancellationToken);
        List<Fact> facts =
        [
            .. cells
                .Of(found, 0)
                .Zip(fields, (cell, field) => new Fact(field.Title, cell.Text, cell.Link) { Rows = cell.Rows }),
        ];
        var allowed = actions.Where((_, i) => found[fields.Count + cells.KeyCount + i] is true).ToList();
        var isDeleted = found[^4] is not null;
        return new(
            key,
            registration.NamedBy!.Show(found[^5]),
            string.Join(',', parts),
            facts,
            await ChildrenAsync(key, parts, cancellationToken),
            found[^3] is true && !isDeleted && registration.Written.Count > 0,
            found[^2] is true && registration.Deletes,
            isDeleted,
            isDeleted ? [] : allowed,
            found[^1] is true
        );
    }

    /// <summary>
    /// The fields of the page, without duplicates: writable fields first, with related rows by name, then the others.
    /// </summary>
    List<Field> Fields()
    {
        var fields = new List<Field>();
        foreach (
            var field in registration.Written.Concat(registration.Columns).Concat(registration.Shown).Select(Named)
        )
            if (fields.All(other => other.Name != field.Name))
                fields.Add(field);
        return fields;
    }

    Field Named(Field field)
    {
        if (
            field.Reference is not { PropertyInfo: { } property } reference
            || request.Site.Of(reference.TargetEntityType.ClrType)?.NamedBy is not { } label
        )
            return field;
        var row = Expression.Parameter(typeof(T), "row");
        var named = new Field(
            Expression.Lambda(label.Read.ApplyTo(Expression.Property(row, property)), row),
            field.Title == TypedText.Words(field.Name) ? TypedText.Words(property.Name) : field.Title
        );
        named.Bind(registration.Table);
        return named;
    }

    async Task<IReadOnlyList<ChildRows>> ChildrenAsync(string key, object[] parts, CancellationToken cancellationToken)
    {
        var children = new List<ChildRows>();
        foreach (var inline in registration.Inlines)
        {
            var navigation = registration.Table.FindNavigation(inline.Name)!;
            if (request.Site.Of(inline.Child) is not { } child)
                continue;
            if (!request.IsPossible(child, Verb.Read))
                continue;
            var page = await child.Accept(
                new ChildList(request, navigation.ForeignKey.Properties, parts, MaxChildren, cancellationToken)
            );
            var leads = child.Written.FirstOrDefault(field => field.Reference?.ForeignKey == navigation.ForeignKey);
            var canCreate = FormFields.CanCreate(child, request.Site.RulesOf(child.Entity), request.Actor, []);
            var form = leads is not null && canCreate ? $"/{child.Slug}/-/new?{leads.Name}={key}" : null;
            var narrows = navigation.ForeignKey.Properties is [var column]
                ? child.Filters.FirstOrDefault(filter =>
                    filter.Field.Property == column && filter.Field.Navigations.Count == 0
                )
                : null;
            children.Add(
                new(
                    child,
                    page,
                    form,
                    narrows is null
                        ? null
                        : $"/{child.Slug}?f.{narrows.Name}.is={Uri.EscapeDataString(TypedText.Format(parts[0]))}"
                )
            );
        }
        return children;
    }
}
