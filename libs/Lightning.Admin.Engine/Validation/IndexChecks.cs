using Lightning.Admin.Engine.Registrations;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;

namespace Lightning.Admin.Engine.Validation;

/// <summary>Checks that indexes serve the lists of large tables.</summary>
static class IndexChecks
{
    public static IEnumerable<string> IndexErrors(ValidationContext context)
    {
        foreach (
            var field in context
                .Registration.Fields.Where(use => use.What is not ("searches" or "filters by"))
                .Select(use => use.Field)
                .Where(field => field.ManyToMany is not null)
                .DistinctBy(field => field.Name)
        )
            if (
                context.Site.Of(field.ManyToMany!.TargetEntityType.ClrType) is { IsSmall: false }
                && !IsInOrder(field.ManyToMany)
            )
                yield return $"shows {field.Name}, of which a row may have any number, and no index of "
                    + $"{field.ManyToMany.JoinEntityType.GetTableName()} sorts those of each row: "
                    + $"{AddIndex(field.ManyToMany)}, or remove it.";
        if (context.Registration.IsSmall)
            yield break;
        foreach (
            var field in context
                .Registration.Ordered.Select(sort => sort.Field)
                .Where(field => !context.Registration.HasIndexOn(field, ordered: true))
                .Concat(context.Registration.Sorted.Where(field => !context.Registration.CanSort(field)))
        )
            yield return Unserved("sorts by", field);
        foreach (var filter in context.Registration.Filters)
            if (filter.Field.ManyToMany is { } links && !IsInOrder(links.Inverse))
                yield return $"filters by {filter.Name}, and no index of {links.JoinEntityType.GetTableName()} sorts "
                    + $"the rows that are linked with each {links.TargetEntityType.ClrType.Name}: "
                    + $"{AddIndex(links.Inverse)}, "
                    + "remove it, or, if there will never be more than a few thousand rows, call SmallTable().";
            else if (!filter.IsPicked && !context.Registration.HasIndexOn(filter.Field, ordered: false))
                yield return Unserved("filters by", filter.Field);
        if (context.Registration.IsSearchable && context.Registration.SearchIndex is null)
            yield return $"searches {string.Join(", ", context.Registration.Searched.Select(field => field.Name))}, "
                + $"and names no index for it: add a migration with CREATE INDEX … USING gin "
                + $"({context.SearchExpression}) "
                + "and name it with UsingIndex(\"…\"), or, if there will never be more than a few thousand rows, call "
                + "SmallTable().";

        string Unserved(string what, Field field) =>
            $"{what} {field.Name}, which no index of {context.Registration.Table.GetTableName()} begins with: add one "
            + $"(builder.HasIndex(row => new {{ row.{field.Property!.Name}, "
            + $"row.{context.Registration.Table.FindPrimaryKey()!.Properties[0].Name} }}) and a migration), "
            + "remove it, or, if there will never be more than a few thousand rows, call SmallTable().";
    }

    /// <summary>The columns of the join table, the row's own key first.</summary>
    static IEnumerable<IProperty> JoinColumns(ISkipNavigation links) =>
        links.ForeignKey.Properties.Concat(links.Inverse.ForeignKey.Properties);

    static string AddIndex(ISkipNavigation links) =>
        $"add one (UsingEntity(link => "
        + $"link.HasIndex({string.Join(", ", JoinColumns(links).Select(column => $"\"{column.Name}\""))})) and a "
        + $"migration)";

    static bool IsInOrder(ISkipNavigation links) =>
        links
            .JoinEntityType.GetKeys()
            .Select(key => key.Properties)
            .Concat(links.JoinEntityType.GetIndexes().Select(index => index.Properties))
            .Any(columns => columns.Take(JoinColumns(links).Count()).SequenceEqual(JoinColumns(links)));
}
