using Lightning.Admin.Engine.Queries;
using Lightning.Admin.Engine.Registrations;
using Lightning.Authorization;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Admin.Engine.Validation;

/// <summary>Checks that the columns, filters and searches of a registration can be read.</summary>
static class FieldChecks
{
    public static IEnumerable<string> ReadErrors(ValidationContext context)
    {
        var expressions = context
            .Registration.Fields.Select(use => (use.What, use.Field.Read))
            .Concat(context.Registration.Vector is { } words ? [("searches", words)] : []);
        foreach (var (what, read) in expressions)
        foreach (var (entity, member) in ReadFields.Find(context.Site.Model, read))
        {
            // The search words of a row are in a table of their own and as readable as the row.
            if (what == "searches" && context.Registration.Vector == read && entity != context.Registration.Entity)
                continue;
            if (context.Site.FindRules(entity) is not { } rules)
                yield return $"{what} {read.Body}, and {entity.Name} has no policy: write a Policy<{entity.Name}> "
                    + $"that allows Verb.Read.";
            else if (
                context.Site.Navigation(entity, member) is { } navigation
                    ? !(
                        navigation.TargetEntityType.IsOwned()
                            ? rules.Reaches(Verb.Read, member.Name)
                            : rules.ReachesNavigation(navigation) || context.IsWords(read)
                    )
                    : context.Site.Model.FindEntityType(entity)!.FindProperty(member.Name) is not null
                        && !rules.Reaches(Verb.Read, member.Name)
            )
                yield return $"{what} {read.Body}, and the policy of {entity.Name} allows no one to read "
                    + $"{member.Name}: remove it, or name it in the fields of Verb.Read.";
        }
    }

    public static IEnumerable<string> ColumnErrors(ValidationContext context)
    {
        foreach (
            var filter in context.Registration.Filters.Where(filter => filter.Field.IsComputed && !filter.IsPicked)
        )
            yield return Computed("filters by", filter.Field);
        foreach (
            var (what, field) in context
                .Registration.Fields.Where(use => use.Field.ManyToMany is not null)
                .DistinctBy(use => use.Field.Name)
        )
            if (context.Site.Of(field.ManyToMany!.TargetEntityType.ClrType) is null)
                yield return $"{what} {field.Name}, and {field.ManyToMany.TargetEntityType.ClrType.Name} has no "
                    + $"registration that names the rows: add one.";
            else if (!field.ManyToMany.JoinEntityType.IsPropertyBag)
                yield return $"{what} {field.Name}, whose join table has its own class, "
                    + $"{field.ManyToMany.JoinEntityType.ClrType.Name}: register that, and show it with Inline or "
                    + $"EditInline.";
        foreach (
            var (name, links, field) in context
                .Registration.Filters.Where(filter => filter.IsPicked)
                .Select(filter => (filter.Name, filter.Field.ManyToMany!, filter.Field))
        )
            if (field.Navigations.Count > 0)
                yield return $"filters by {name}, which belongs to another row: name a collection of the row itself.";
            else if (
                !links.ForeignKey.PrincipalKey.IsPrimaryKey() || !links.Inverse.ForeignKey.PrincipalKey.IsPrimaryKey()
            )
                yield return $"filters by {name}, whose join table refers to an alternate key: "
                    + $"remove HasPrincipalKey, or the filter.";
            else if (context.Site.Of(links.TargetEntityType.ClrType) is { IsSearchable: false })
                yield return $"filters by {name}, which are picked by searching, and the registration of "
                    + $"{links.TargetEntityType.ClrType.Name} cannot be searched: add Search(row => row.…) there.";
        foreach (
            var field in context.Registration.Searched.Where(field =>
                field.ManyToMany is null
                    ? field.IsComputed || field.Type != typeof(string)
                    : context.Site.Of(field.ManyToMany.TargetEntityType.ClrType) is { NamedBy: { } named }
                        && named.Type != typeof(string)
            )
        )
            yield return $"searches {field.Read.Body}, which is not a text column: name one.";
        foreach (
            var field in context.Registration.IsSmall
                ? []
                : context.Registration.Searched.Where(field =>
                    field.ManyToMany is not null || field.Related is not null
                )
        )
            if (Unsearchable(context, field) is { } error)
                yield return $"searches {field.Read.Body}, {error}.";
        foreach (
            var field in context
                .Registration.Ordered.Select(sort => sort.Field)
                .Concat(context.Registration.Sorted)
                .Where(field => field.IsComputed)
        )
            yield return Computed("sorts by", field);
        foreach (
            var (name, target) in context.Registration.References.Where(reference =>
                context.Site.Of(reference.Value) is not { KeyLength: 1 }
            )
        )
            yield return $"shows {name} by the name of a {target.Name}, which has no registration, or a composite "
                + $"key: remove HasReference<{target.Name}>, or register it.";
        static string Computed(string what, Field field) =>
            $"{what} {field.Read.Body}, which is not a column: name a column, or a column of a related row.";
    }

    /// <summary>
    /// Why the search of a large table could not find rows by a related row; null if it can. It uses the related row's
    /// own search, one level deep, and then the keys found.
    /// </summary>
    static string? Unsearchable(ValidationContext context, Field field)
    {
        var (type, key) = field.ManyToMany is { } links
            ? (links.TargetEntityType.ClrType, links.Inverse.ForeignKey)
            : (field.Related!.TargetEntityType.ClrType, field.Related.ForeignKey);
        var otherwise = "remove it, or, if there will never be more than a few thousand rows, call SmallTable()";
        return field.Navigations.Count > (field.ManyToMany is null ? 1 : 0)
                ? $"which is more than one relation away, and the search of a large table follows only one: {otherwise}"
            : context.Site.Of(type) is not { } target
                ? $"and {type.Name} has no registration that could be searched: add one, {otherwise}"
            : !target.IsSearchable
                ? $"and the registration of {type.Name} cannot be searched, so nothing would be found: add "
                    + $"Search(row => row.…) there, {otherwise}"
            : !target.IsSmall && target.Vector is null && !target.Searched.Any(one => one.IsOwn)
                ? $"and the registration of {type.Name} searches no column of its own, so nothing would be found: add "
                    + $"one there with Search(row => row.…), {otherwise}"
            : field.Related is { IsOnDependent: false } || key.Properties.Count > 1 || !key.PrincipalKey.IsPrimaryKey()
                ? $"and no single column refers to the key of a {type.Name}: {otherwise}"
            : null;
    }
}
