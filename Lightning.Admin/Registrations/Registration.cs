using System.Reflection;
using Lightning.Admin.Values;
using Lightning.Data.Audit;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;

namespace Lightning.Admin.Registrations;

/// <summary>What the admin site shows of one kind of object, and lets be done to it; one short file per entity derives from <see cref="AdminFor{T}"/>.</summary>
public abstract class Registration
{
    private protected Registration(string title, Type entity)
    {
        (Title, Entity) = (title, entity);
        Singular = TypedText.Words(entity.Name);
        Subject = entity.GetCustomAttribute<AuditedAttribute>()?.Name;
    }

    /// <summary>Its name as a heading.</summary>
    public string Title { get; }

    /// <summary>One of it.</summary>
    public string Singular { get; private protected set; }

    /// <summary>Its name in addresses.</summary>
    public string Slug => Title.ToLowerInvariant().Replace(' ', '-');

    /// <summary>The columns of its list.</summary>
    public IReadOnlyList<Field> Columns => ColumnList;

    /// <summary>What its list can be narrowed by.</summary>
    public IReadOnlyList<Filter> Filters => FilterList;

    /// <summary>What can be done to rows of it.</summary>
    public IReadOnlyList<RowAction> Actions => ActionList;

    /// <summary>Whether its list can be searched.</summary>
    public bool IsSearchable => SearchedList.Count > 0 || Words is not null;

    /// <summary>What the book calls it; null where the book does not know it.</summary>
    public string? Subject { get; private protected set; }

    /// <summary>A page that does something about one row, linked from it, and about all of them, linked from the list; none where nothing is to be done.</summary>
    public virtual (string Page, string OfRow, string OfAll)? Act => null;

    /// <summary>Whether rows can be written by a form, by whom the policy lets.</summary>
    public bool Writes => WrittenList.Count > 0;

    /// <summary>What a form writes, by its names in files.</summary>
    public IEnumerable<string> WrittenNames => WrittenList.Select(one => one.Name);

    /// <summary>The columns that can be changed in the list.</summary>
    public IReadOnlyList<string> WrittenInList => WrittenInListList;

    /// <summary>Whether rows can be deleted, by whom the policy lets.</summary>
    public bool Removes => Deletes;

    /// <summary>Whether what is deleted stays and can be taken back.</summary>
    public bool HasTombstone => Tombstone is not null;

    /// <summary>Whether the list can be sorted by several columns at once.</summary>
    public bool SortsBySeveral => IsSmall;

    /// <summary>Whether the list can be sorted by a column.</summary>
    public bool IsSortable(Field field) => CanSort(field);

    IReadOnlyEntityType design = null!;

    internal Type Entity { get; }

    /// <summary>Whether the table has few rows, so that no index is needed to find any.</summary>
    internal bool IsSmall { get; private protected set; }

    internal bool Deletes { get; private protected set; }

    internal IReadOnlyList<Field> Searched => SearchedList;

    internal IReadOnlyList<(Field Field, bool Descends)> Ordered => OrderList;

    internal IReadOnlyList<Field> Written => WrittenList;

    internal IReadOnlyList<Field> Shown => ShownList;

    internal IReadOnlyList<Field> Sorted => SortedList;

    internal IReadOnlyList<Children> Inlines => InlineList;

    /// <summary>What columns are keys of, by the columns' names.</summary>
    internal IReadOnlyDictionary<string, Type> References => ReferenceList;

    internal System.Linq.Expressions.LambdaExpression? Words { get; private protected set; }

    internal string? SearchIndex { get; private protected set; }

    internal Field? Label { get; private protected set; }

    internal Field? Tombstone { get; private protected set; }

    /// <summary>Which rows are linked with the page that does something about one; null for all.</summary>
    internal Field? ActCondition { get; private protected set; }

    /// <summary>The conditions under which something can be done to a row, with what each is for.</summary>
    internal IEnumerable<(string What, Field Field)> Conditions => ActionList.Where(action => action.Condition is not null).Select(action => ($"does \"{action.Title}\" where", action.Condition!))
        .Concat(Uses("links to its page where", ActCondition is null ? [] : [ActCondition]));

    /// <summary>Every expression of it that reads rows, with what it is for.</summary>
    internal IEnumerable<(string What, Field Field)> Fields =>
        Uses("shows", ColumnList).Concat(Uses("filters by", FilterList.Select(filter => filter.Field))).Concat(Uses("searches", SearchedList))
            .Concat(Uses("sorts by", OrderList.Select(sort => sort.Field))).Concat(Uses("sorts by", SortedList)).Concat(Uses("writes", WrittenList)).Concat(Uses("shows", ShownList))
            .Concat(Uses("is called by", Label is null ? [] : [Label])).Concat(Uses("is put away by", Tombstone is null ? [] : [Tombstone])).Concat(Conditions);

    static IEnumerable<(string What, Field Field)> Uses(string what, IEnumerable<Field> fields) => fields.Select(one => (what, one));

    /// <summary>Where an action's rows are.</summary>
    internal IEntityType Table { get; private set; } = null!;

    internal int KeyLength => Key.Count;

    internal IReadOnlyList<IProperty> Key => Table.FindPrimaryKey()!.Properties;

    /// <summary>What a row is called: by its label, or the first column that is text.</summary>
    internal Field? NamedBy => Label ?? ColumnList.FirstOrDefault(column => column is { IsComputed: false, Related: null } && column.Type == typeof(string)) ?? ColumnList.FirstOrDefault(column => column.Links is null);

    private protected List<Field> ColumnList { get; } = [];

    private protected List<Filter> FilterList { get; } = [];

    private protected List<Field> SearchedList { get; } = [];

    private protected List<(Field Field, bool Descends)> OrderList { get; } = [];

    private protected List<Field> SortedList { get; } = [];

    private protected List<Field> WrittenList { get; } = [];

    private protected List<string> WrittenInListList { get; } = [];

    private protected List<Field> ShownList { get; } = [];

    private protected List<RowAction> ActionList { get; } = [];

    private protected Dictionary<string, Type> ReferenceList { get; } = new(StringComparer.Ordinal);

    private protected List<Children> InlineList { get; } = [];

    /// <summary>The fields that are held against a condition.</summary>
    internal abstract IEnumerable<string> Checked { get; }

    /// <summary>The rows, as one person reaches them.</summary>
    internal abstract Rows Open(AdminRequest request);

    /// <summary>Finds its fields in the model.</summary>
    /// <param name="table">The entity.</param>
    /// <param name="atDesign">The same as it was designed: kinds and filters of indexes are not known at run time.</param>
    internal void Find(IEntityType table, IReadOnlyEntityType atDesign)
    {
        (Table, design) = (table, atDesign);
        foreach (var (_, field) in Fields) field.Find(table);
        if (Deletes) ActionList.Add(new RowAction("Delete", Lightning.Data.Rules.Verb.Delete, (rows, run) =>
        {
            foreach (var row in rows) Remove(run.Db, row, run.Now);
            return Task.CompletedTask;
        }).Asks("Delete {count} rows?"));
    }

    /// <summary>Removes a row, or puts it away where it stays.</summary>
    internal void Remove(DbContext db, object row, DateTimeOffset now)
    {
        if (Tombstone is { } tombstone) db.Entry(row).Property(tombstone.Property!).CurrentValue = now;
        else db.Remove(row);
    }

    /// <summary>What a column is the key of, where it leads to rows that have pages.</summary>
    internal Registration? Leads(Field field, AdminSite site) =>
        (References.TryGetValue(field.Name, out var entity) ? site.Of(entity) : Forms.FormField.Of(Table, field) is { Relation: not null, Target: { } target } ? site.Of(target.ClrType) : null) is { KeyLength: 1 } found ? found : null;

    /// <summary>Whether a list can be sorted by a column: it is one, and the table is small or an index has it and then the key, so that rows which are the same in it stand in order too.</summary>
    internal bool CanSort(Field field) => !field.IsComputed && (IsSmall || (Serves(field, ordered: true)
        && (Key[0].Name == field.Property!.Name || design.GetIndexes().Any(index => index.GetFilter() is null && index.Properties[0].Name == field.Property.Name
            && index.Properties.Skip(1).Select(column => column.Name).SequenceEqual(index.Properties.Count == 1 ? [] : Key.Select(column => column.Name))))));

    /// <summary>Whether an index that has every row begins with the column; for an order, one that has an order.</summary>
    internal bool Serves(Field field, bool ordered) => field is { Property: { } column, Through.Count: 0 }
        && (design.GetKeys().Any(key => key.Properties[0].Name == column.Name)
            || design.GetIndexes().Any(index => index.Properties[0].Name == column.Name && index.GetFilter() is null && (!ordered || index.FindAnnotation("Npgsql:IndexMethod")?.Value is null or "btree")));
}

/// <summary>The children that a row's page shows.</summary>
/// <param name="Name">The navigation that leads to them.</param>
/// <param name="Child">What they are.</param>
/// <param name="IsEdited">Whether they are written in the row's form too.</param>
sealed record Children(string Name, Type Child, bool IsEdited);
