using Lightning.Admin.Forms;
using Lightning.Data.Audit;
using Lightning.Data.Rules;
using Lightning.ServiceDefaults;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;

namespace Lightning.Admin.Registrations;

/// <summary>What must hold of every registration, looked at once at the start, so that a mistake stops the start and not a request.</summary>
static class Soundness
{
    /// <summary>What is looked at, in order. Each finds what is wrong, as a sentence that says how to mend it.</summary>
    static readonly Func<Look, IEnumerable<string>>[] Checks =
    [
        HasAName, HasAPolicy, ReadsWhatMayBeRead, FindsItsColumns, IsServedByIndexes, WritesWhatMayBeWritten, WritesInTheListWhatIsThere, IsInTheBook, Translates,
    ];

    /// <summary>Addresses of the site's own.</summary>
    static readonly string[] Taken = ["backchannel", "css", "health", "js", "login", "logout", "search", "shared", "signin-oidc", "signout-callback-oidc", "status"];

    /// <summary>Stops the start where a registration is not sound.</summary>
    /// <exception cref="ConfigurationException">One is not.</exception>
    public static T RequireSoundRegistrations<T>(this T app)
        where T : IHost
    {
        var site = app.Services.GetRequiredService<AdminSite>();
        using var scope = app.Services.CreateScope();
        var db = scope.ServiceProvider.GetRequiredService<DbContext>();
        if (Faults(site, db).FirstOrDefault() is { } fault) throw new ConfigurationException(fault);
        return app;
    }

    /// <summary>Everything that is wrong; a check is not asked of a registration that has failed an earlier one.</summary>
    internal static IEnumerable<string> Faults(AdminSite site, DbContext db)
    {
        foreach (var registration in site.Registrations)
            foreach (var check in Checks)
            {
                var faults = check(new Look(site, db, registration)).ToList();
                foreach (var fault in faults) yield return $"{registration.GetType().Name} {fault}";
                if (faults.Count > 0) break;
            }
    }

    static IEnumerable<string> HasAName(Look look)
    {
        var slug = look.Registration.Slug;
        if (slug.Length == 0 || !slug.All(letter => char.IsAsciiLetterOrDigit(letter) || letter == '-')) yield return $"is called \"{look.Registration.Title}\": use letters, digits and spaces.";
        else if (Taken.Contains(slug)) yield return $"is called \"{look.Registration.Title}\", and the site has a page of that address: choose another title.";
        else if (look.Site.Registrations.Count(other => other.Slug == slug) > 1) yield return $"is called \"{look.Registration.Title}\", and so is another: give each a title of its own.";
        if (look.Registration.Columns.All(column => column.Links is not null)) yield return "has no columns: say which by List(row => row.…).";
        var twice = look.Registration.Columns.GroupBy(column => column.Name).FirstOrDefault(group => group.Count() > 1)?.Key;
        if (twice is not null) yield return $"has two columns that are called {twice}: give one a title of its own by Column(\"…\", …).";
    }

    static IEnumerable<string> HasAPolicy(Look look)
    {
        if (look.Site.FindRules(look.Registration.Entity)?.Knows(Verb.Read) != true)
            yield return $"is about {look.Registration.Entity.Name}, which nobody's policy lets anybody read: write a Policy<{look.Registration.Entity.Name}> that allows Verb.Read.";
        foreach (var child in look.Registration.Inlines.Where(child => look.Site.Of(child.Child) is null))
            yield return $"shows {child.Name} inline, and {child.Child.Name} has no registration: add one.";
        foreach (var child in look.Registration.Inlines.Where(child => look.Registration.Table.FindNavigation(child.Name) is not { IsCollection: true }))
            yield return $"shows {child.Name} inline, which is no list of rows with a foreign key: leave it out.";
        foreach (var child in look.Registration.Inlines.Where(child => child.IsEdited && look.Site.Of(child.Child) is { Writes: false, Deletes: false }))
            yield return $"edits {child.Name} inline, and the registration of {child.Child.Name} writes nothing: show them by Inline, or say there what can be written by Edit.";
        if (look.Registration.Deletes && look.Registration.Tombstone is null && !look.Rules.Knows(Verb.Delete))
            yield return $"removes rows, and the policy of {look.Registration.Entity.Name} allows nobody to: leave Deletable() out, or allow Verb.Delete.";
        foreach (var action in look.Registration.Actions.Where(action => !look.Rules.Knows(action.Verb)))
            yield return $"has an action \"{action.Title}\" for Verb.{action.Verb}, which the policy of {look.Registration.Entity.Name} allows nobody: allow it, or name another verb.";
    }

    static IEnumerable<string> ReadsWhatMayBeRead(Look look)
    {
        var expressions = look.Registration.Fields.Select(use => (use.What, use.Field.Read)).Concat(look.Registration.Words is { } words ? [("searches", words)] : []);
        foreach (var (what, read) in expressions)
            foreach (var (entity, member) in ReadFields.Of(look.Site.Model, read))
            {
                // The words of a row are kept apart from it, and are as readable as it is.
                if (what == "searches" && look.Registration.Words == read && entity != look.Registration.Entity) continue;
                if (look.Site.FindRules(entity) is not { } rules)
                    yield return $"{what} {read.Body}, and {entity.Name} has no policy: write a Policy<{entity.Name}> that allows Verb.Read.";
                else if (look.Site.Navigation(entity, member) is { } navigation ? !(navigation.TargetEntityType.IsOwned() ? rules.Reaches(Verb.Read, member.Name) : rules.ReachesNavigation(navigation) || look.IsWords(read))
                    : look.Site.Model.FindEntityType(entity)!.FindProperty(member.Name) is not null && !rules.Reaches(Verb.Read, member.Name))
                    yield return $"{what} {read.Body}, and the policy of {entity.Name} lets nobody read {member.Name}: leave it out, or name it in the fields of Verb.Read.";
            }
    }

    static IEnumerable<string> FindsItsColumns(Look look)
    {
        foreach (var filter in look.Registration.Filters.Where(filter => filter.Field.IsComputed && !filter.IsPicked)) yield return Computed("filters by", filter.Field);
        foreach (var (what, field) in look.Registration.Fields.Where(use => use.Field.Links is not null).DistinctBy(use => use.Field.Name))
            if (look.Site.Of(field.Links!.TargetEntityType.ClrType) is null) yield return $"{what} {field.Name}, and {field.Links.TargetEntityType.ClrType.Name} has no registration by which they are called: add one.";
            else if (!field.Links.JoinEntityType.IsPropertyBag) yield return $"{what} {field.Name}, whose table between has a class of its own, {field.Links.JoinEntityType.ClrType.Name}: register that, and show it by Inline or EditInline.";
        foreach (var (name, links, field) in look.Registration.Filters.Where(filter => filter.IsPicked).Select(filter => (filter.Name, filter.Field.Links!, filter.Field)))
            if (field.Through.Count > 0) yield return $"filters by {name}, which another row is linked with: name a list of the row's own.";
            else if (!links.ForeignKey.PrincipalKey.IsPrimaryKey() || !links.Inverse.ForeignKey.PrincipalKey.IsPrimaryKey())
                yield return $"filters by {name}, whose table between knows one or the other by another key than its primary one: leave HasPrincipalKey out, or the filter.";
            else if (look.Site.Of(links.TargetEntityType.ClrType) is { IsSearchable: false })
                yield return $"filters by {name}, which are chosen by searching, and the registration of {links.TargetEntityType.ClrType.Name} cannot be searched: say there what a search looks through by Search(row => row.…).";
        foreach (var field in look.Registration.Searched.Where(field => field.Links is null ? field.IsComputed || field.Type != typeof(string) : look.Site.Of(field.Links.TargetEntityType.ClrType) is { NamedBy: { } named } && named.Type != typeof(string))) yield return $"searches {field.Read.Body}, which is no column of text: name one.";
        foreach (var field in look.Registration.IsSmall ? [] : look.Registration.Searched.Where(field => field.Links is not null || field.Related is not null))
            if (Unsearchable(look, field) is { } fault) yield return $"searches {field.Read.Body}, {fault}.";
        foreach (var field in look.Registration.Ordered.Select(sort => sort.Field).Concat(look.Registration.Sorted).Where(field => field.IsComputed)) yield return Computed("sorts by", field);
        foreach (var (name, target) in look.Registration.References.Where(reference => look.Site.Of(reference.Value) is not { KeyLength: 1 }))
            yield return $"shows {name} by the name of a {target.Name}, which has no registration, or a key of several columns: leave Refers<{target.Name}> out, or register it.";
        static string Computed(string what, Field field) => $"{what} {field.Read.Body}, which is no column: name a column, or one of a related row.";
    }

    /// <summary>Why the search of a large table would find nothing by a related row; null where it does. It asks that row's own search, which goes no further, and then for the keys that were found.</summary>
    static string? Unsearchable(Look look, Field field)
    {
        var (type, key) = field.Links is { } links ? (links.TargetEntityType.ClrType, links.Inverse.ForeignKey) : (field.Related!.TargetEntityType.ClrType, field.Related.ForeignKey);
        var otherwise = "leave it out, or, if there will never be more than some thousand rows, say Few()";
        return field.Through.Count > (field.Links is null ? 1 : 0) ? $"which is more than one step away, and a large table's search goes one: {otherwise}"
            : look.Site.Of(type) is not { } target ? $"and {type.Name} has no registration by whose search it is looked for: add one, {otherwise}"
            : !target.IsSearchable ? $"and the registration of {type.Name} cannot be searched, so nothing would be found: say there what a search looks through by Search(row => row.…), {otherwise}"
            : !target.IsSmall && target.Words is null && !target.Searched.Any(one => one.IsOwn) ? $"and the registration of {type.Name} searches nothing of its own, so nothing would be found: name a column there by Search(row => row.…), {otherwise}"
            : field.Related is { IsOnDependent: false } || key.Properties.Count > 1 || !key.PrincipalKey.IsPrimaryKey() ? $"and no one column leads there by the key of a {type.Name}: {otherwise}"
            : null;
    }

    static IEnumerable<string> IsServedByIndexes(Look look)
    {
        foreach (var field in look.Registration.Fields.Where(use => use.What is not ("searches" or "filters by")).Select(use => use.Field).Where(field => field.Links is not null).DistinctBy(field => field.Name))
            if (look.Site.Of(field.Links!.TargetEntityType.ClrType) is { IsSmall: false } && !IsInOrder(field.Links))
                yield return $"shows {field.Name}, of which a row may have any number, and no index of {field.Links.JoinEntityType.GetTableName()} has each row's in an order: {AddIndex(field.Links)}, or leave it out.";
        if (look.Registration.IsSmall) yield break;
        foreach (var field in look.Registration.Ordered.Select(sort => sort.Field).Where(field => !look.Registration.Serves(field, ordered: true)).Concat(look.Registration.Sorted.Where(field => !look.Registration.CanSort(field))))
            yield return Unserved("sorts by", field);
        foreach (var filter in look.Registration.Filters)
            if (filter.Field.Links is { } links && !IsInOrder(links.Inverse))
                yield return $"filters by {filter.Name}, and no index of {links.JoinEntityType.GetTableName()} has what is linked with each {links.TargetEntityType.ClrType.Name} in an order: {AddIndex(links.Inverse)}, "
                    + "leave it out, or, if there will never be more than some thousand rows, say Few().";
            else if (!filter.IsPicked && !look.Registration.Serves(filter.Field, ordered: false)) yield return Unserved("filters by", filter.Field);
        if (look.Registration.IsSearchable && look.Registration.SearchIndex is null)
            yield return $"searches {string.Join(", ", look.Registration.Searched.Select(field => field.Name))}, and says no index that serves it: add a migration with CREATE INDEX … USING gin ({look.SearchExpression}) "
                + "and name it by ServedBy(\"…\"), or, if there will never be more than some thousand rows, say Few().";

        string Unserved(string what, Field field) =>
            $"{what} {field.Name}, which no index of {look.Registration.Table.GetTableName()} begins with: add one (builder.HasIndex(row => new {{ row.{field.Property!.Name}, row.{look.Registration.Table.FindPrimaryKey()!.Properties[0].Name} }}) and a migration), "
            + "leave it out, or, if there will never be more than some thousand rows, say Few().";
    }

    /// <summary>The columns of the table between, those of the row first.</summary>
    static IEnumerable<IProperty> Between(ISkipNavigation links) => links.ForeignKey.Properties.Concat(links.Inverse.ForeignKey.Properties);

    static string AddIndex(ISkipNavigation links) => $"add one (UsingEntity(link => link.HasIndex({string.Join(", ", Between(links).Select(column => $"\"{column.Name}\""))})) and a migration)";

    static bool IsInOrder(ISkipNavigation links) => links.JoinEntityType.GetKeys().Select(key => key.Properties).Concat(links.JoinEntityType.GetIndexes().Select(index => index.Properties))
        .Any(columns => columns.Take(Between(links).Count()).SequenceEqual(Between(links)));

    static IEnumerable<string> WritesWhatMayBeWritten(Look look)
    {
        foreach (var field in look.Registration.Written)
        {
            if (field.Path is null || field.Related is not null || FormField.Of(look.Registration.Table, field) is not { } formField)
            {
                yield return $"edits {field.Read.Body}, which a form cannot write: name a column, a column of an owned object, or the navigation to a related row.";
                continue;
            }
            if (!formField.PolicyNames.Any(name => look.Rules.Reaches(Verb.Create, name) || look.Rules.Reaches(Verb.Update, name)))
                yield return $"edits {field.Name}, which the policy of {look.Registration.Entity.Name} lets nobody write: name it in the fields of Verb.Update or Verb.Create, or show it by ReadOnly.";
            if (formField.Links is not null && look.Registration.Checked.Contains(field.Name)) yield return $"checks {field.Name}, which is no value but rows: leave the check out.";
            if (formField.Links is { } links && !links.Inverse.ForeignKey.PrincipalKey.IsPrimaryKey())
                yield return $"edits {field.Name}, whose table between knows each {links.TargetEntityType.ClrType.Name} by another key than its primary one: leave HasPrincipalKey out, or the field.";
            if (formField.Target is { } target && look.Site.Of(target.ClrType) is null)
                yield return $"edits {field.Name}, and {target.ClrType.Name} has no registration to pick from: add one.";
            else if (formField.Target is { } unsearched && look.Site.Of(unsearched.ClrType) is { IsSearchable: false } from)
                yield return $"edits {field.Name}, which is picked by searching, and {from.GetType().Name} cannot be searched: say there what a search looks through by Search(row => row.…), or leave the field out.";
        }
    }

    static IEnumerable<string> WritesInTheListWhatIsThere(Look look)
    {
        foreach (var name in look.Registration.WrittenInList)
        {
            var written = look.Registration.Written.FirstOrDefault(field => field.Name == name);
            if (written is null || FormField.Of(look.Registration.Table, written) is not { } field)
                yield return $"edits {name} in the list, which its form does not write: name it in Edit too.";
            else if (look.Registration.Columns.All(column => column.Name != name))
                yield return $"edits {name} in the list, which is no column of it: name it in List too.";
            else if (field.Target is not null || field.Columns.Any(column => column.IsPrimaryKey()) || !field.PolicyNames.Any(known => look.Rules.Reaches(Verb.Update, known)))
                yield return $"edits {name} in the list, where a row that is picked, a part of the key and what Verb.Update does not reach cannot be changed: leave it to the form.";
        }
    }

    static IEnumerable<string> IsInTheBook(Look look)
    {
        if ((look.Registration.Written.Count > 0 || look.Registration.Deletes || look.Registration.Actions.Count > 0)
            && look.Registration.Entity.GetCustomAttributes(typeof(AuditedAttribute), inherit: false).Length == 0)
            yield return $"writes, and nobody would know who did: mark {look.Registration.Entity.Name} with [Audited(\"…\")].";
        // The line is saved together with the row, before the database has made the key.
        else if (look.Registration.Written.Count > 0 && look.Rules.Knows(Verb.Create) && look.Registration.Key.FirstOrDefault(column => column.ValueGenerated == ValueGenerated.OnAdd && column.ClrType != typeof(Guid)) is { } made)
            yield return $"makes rows whose {made.Name} the database makes, which their lines in the book could not name: make it a Guid, filled in where a {look.Registration.Entity.Name} is made, or allow nobody Verb.Create.";
    }

    static IEnumerable<string> Translates(Look look)
    {
        // All columns in one query, and one by one only to find which it is: putting a query together takes longer than the rest of the checks.
        if (Untranslatable(look, look.Registration.Columns, look.Registration.Conditions.Select(condition => condition.Field)) is null) yield break;
        foreach (var column in look.Registration.Columns)
            if (Untranslatable(look, [column], []) is { } fault)
                yield return $"shows {column.Title}, which cannot be made into SQL ({fault}): write it with columns and navigations.";
        foreach (var (what, condition) in look.Registration.Conditions)
            if (Untranslatable(look, [], [condition]) is { } fault)
                yield return $"{what} {condition.Read.Body}, which cannot be made into SQL ({fault}): write it with columns and navigations.";
    }

    static string? Untranslatable(Look look, IEnumerable<Field> columns, IEnumerable<Field> conditions)
    {
        try
        {
            look.Registration.Open(new AdminRequest(look.Site, look.Db, Somebody, TimeProvider.System)).TryOut(columns, conditions);
            return null;
        }
        catch (InvalidOperationException unknown)
        {
            return unknown.Message.Split('\n')[0].TrimEnd('.');
        }
    }

    // Somebody for whom as little as possible is decided beforehand: what is never to be seen is never put into SQL.
    static readonly Actor Somebody = new(Guid.Empty, Guid.Empty, IsAdmin: true, IsVerified: true);

    sealed record Look(AdminSite Site, DbContext Db, Registration Registration)
    {
        public EntityRules Rules => Site.RulesOf(Registration.Entity);

        public bool IsWords(System.Linq.Expressions.LambdaExpression read) => read == Registration.Words;

        public string SearchExpression => $"to_tsvector('simple', {string.Join(" || ' ' || ", Registration.Searched.Select(one => one.Property?.GetColumnName() ?? one.Name))})";
    }
}
