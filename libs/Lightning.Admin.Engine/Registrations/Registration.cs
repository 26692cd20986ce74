using Lightning.Admin.Engine.Values;
using Lightning.Authorization;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;

namespace Lightning.Admin.Engine.Registrations;

/// <summary>
/// What the admin site shows of one entity, and what can be done with it; derive from <see cref="AdminFor{T}"/>, one
/// class per entity.
/// </summary>
public abstract class Registration
{
    private protected Registration(string title, Type entity)
    {
        (Title, Entity) = (title, entity);
        Singular = TypedText.Words(entity.Name);
    }

    /// <summary>The plural name, shown as a heading.</summary>
    public string Title { get; }

    /// <summary>The singular name.</summary>
    public string Singular { get; private protected set; }

    /// <summary>The name in URLs.</summary>
    public string Slug => Title.ToLowerInvariant().Replace(' ', '-');

    /// <summary>The columns of the list.</summary>
    public IReadOnlyList<Field> Columns => ColumnList;

    /// <summary>The filters of the list.</summary>
    public IReadOnlyList<Filter> Filters => FilterList;

    /// <summary>The actions on rows.</summary>
    public IReadOnlyList<RowAction> Actions => ActionList;

    /// <summary>Whether the list can be searched.</summary>
    public bool IsSearchable => SearchedList.Count > 0 || Vector is not null;

    /// <summary>The subject type in the audit log; null if the entity is not audited.</summary>
    public string? Subject { get; private protected set; }

    /// <summary>Other subject types in the audit log with the same keys, which a row's history shows too.</summary>
    public IReadOnlyList<string> OtherSubjects { get; private protected set; } = [];

    /// <summary>A page with an operation on rows, linked from them and from the list; null if there is none.</summary>
    public OperationPage? OperationPage { get; private protected set; }

    /// <summary>Whether forms can write rows, subject to the policy.</summary>
    public bool HasForm => WrittenList.Count > 0;

    /// <summary>The names of the fields that a form writes, as used in CSV files.</summary>
    public IEnumerable<string> WrittenNames => WrittenList.Select(one => one.Name);

    /// <summary>The columns that can be edited in the list.</summary>
    public IReadOnlyList<string> WrittenInList => WrittenInListList;

    /// <summary>Whether rows can be deleted, subject to the policy.</summary>
    public bool CanDelete => Deletes;

    /// <summary>Whether deletion is a soft delete.</summary>
    public bool HasSoftDelete => DeletedAtField is not null;

    /// <summary>Whether the list can be sorted by several columns at once.</summary>
    public bool SortsBySeveral => IsSmall;

    /// <summary>The URL of a row's page; null if the entity has a composite key.</summary>
    /// <param name="key">The row's key.</param>
    public string? UrlOf(object key) => KeyLength == 1 ? $"/{Slug}/{RowKey.Format([key])}" : null;

    /// <summary>Whether the list can be sorted by a column.</summary>
    public bool IsSortable(Field field) => CanSort(field);

    IReadOnlyEntityType design = null!;

    internal Type Entity { get; }

    /// <summary>Whether the table is small enough to be queried without indexes.</summary>
    internal bool IsSmall { get; private protected set; }

    internal bool Deletes { get; private protected set; }

    internal IReadOnlyList<Field> Searched => SearchedList;

    internal IReadOnlyList<(Field Field, bool Descends)> Ordered => OrderList;

    internal IReadOnlyList<Field> Written => WrittenList;

    internal IReadOnlyList<Field> Shown => ShownList;

    internal IReadOnlyList<Field> Sorted => SortedList;

    internal IReadOnlyList<InlineChildren> Inlines => InlineList;

    /// <summary>The referenced entities, by the name of the column that holds their key.</summary>
    internal IReadOnlyDictionary<string, Type> References => ReferenceList;

    /// <summary>The full-text vector that a search covers; null if it covers columns only.</summary>
    internal System.Linq.Expressions.LambdaExpression? Vector { get; private protected set; }

    internal string? SearchIndex { get; private protected set; }

    internal Field? LabelField { get; private protected set; }

    internal Field? DeletedAtField { get; private protected set; }

    /// <summary>The rows that link to the page of <see cref="OperationPage"/>; null means all.</summary>
    internal Field? OperationCondition { get; private protected set; }

    /// <summary>The conditions of the actions, each with a description for error messages.</summary>
    internal IEnumerable<(string What, Field Field)> Conditions =>
        ActionList
            .Where(action => action.Condition is not null)
            .Select(action => ($"does \"{action.Title}\" where", action.Condition!))
            .Concat(Uses("links to its page where", OperationCondition is null ? [] : [OperationCondition]));

    /// <summary>Every expression that reads rows, each with a description for error messages.</summary>
    internal IEnumerable<(string What, Field Field)> Fields =>
        Uses("shows", ColumnList)
            .Concat(Uses("filters by", FilterList.Select(filter => filter.Field)))
            .Concat(Uses("searches", SearchedList))
            .Concat(Uses("sorts by", OrderList.Select(sort => sort.Field)))
            .Concat(Uses("sorts by", SortedList))
            .Concat(Uses("writes", WrittenList))
            .Concat(Uses("shows", ShownList))
            .Concat(Uses("is named by", LabelField is null ? [] : [LabelField]))
            .Concat(Uses("is soft-deleted by", DeletedAtField is null ? [] : [DeletedAtField]))
            .Concat(Conditions);

    static IEnumerable<(string What, Field Field)> Uses(string what, IEnumerable<Field> fields) =>
        fields.Select(one => (what, one));

    /// <summary>The entity type in the EF model.</summary>
    internal IEntityType Table { get; private set; } = null!;

    internal int KeyLength => Key.Count;

    internal IReadOnlyList<IProperty> Key => Table.FindPrimaryKey()!.Properties;

    /// <summary>The field that names a row: the label, or the first text column.</summary>
    internal Field? NamedBy =>
        LabelField
        ?? ColumnList.FirstOrDefault(column =>
            column is { IsComputed: false, Related: null } && column.Type == typeof(string)
        )
        ?? ColumnList.FirstOrDefault(column => column.ManyToMany is null);

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

    private protected List<InlineChildren> InlineList { get; } = [];

    /// <summary>The fields that have a validation rule.</summary>
    internal abstract IEnumerable<string> Checked { get; }

    /// <summary>Runs generic code on this registration.</summary>
    internal abstract TResult Accept<TResult>(IRegistrationVisitor<TResult> visitor);

    /// <summary>Resolves the fields in the EF model.</summary>
    /// <param name="table">The entity type of the runtime model.</param>
    /// <param name="atDesign">The entity type of the design-time model, which knows the indexes' methods and
    /// filters.</param>
    /// <param name="subject">The subject type in the audit log, unless the registration names one.</param>
    internal void Bind(IEntityType table, IReadOnlyEntityType atDesign, string? subject)
    {
        (Table, design) = (table, atDesign);
        Subject ??= subject;
        foreach (var (_, field) in Fields)
        {
            field.Bind(table);
            if (ColumnList.Find(column => !column.IsComputed && column.Name == field.Name) is { } column)
                field.FormatLike(column);
        }
        if (Deletes)
            ActionList.Add(
                new RowAction(
                    "Delete",
                    Verb.Delete,
                    (rows, run) =>
                    {
                        foreach (var row in rows)
                            Remove(run.Db, row, run.Now);
                        return Task.CompletedTask;
                    }
                ).Confirm("Delete {count} rows?")
            );
    }

    /// <summary>Deletes a row, or marks it as deleted if the entity has soft delete.</summary>
    internal void Remove(DbContext db, object row, DateTimeOffset now)
    {
        if (DeletedAtField is { } deletedAt)
            db.Entry(row).Property(deletedAt.Property!).CurrentValue = now;
        else
            db.Remove(row);
    }

    /// <summary>
    /// The registration that a key column refers to; null if it refers to none or to one with a composite key.
    /// </summary>
    internal Registration? FindReferenced(Field field, AdminSite site) =>
        (
            References.TryGetValue(field.Name, out var entity) ? site.Of(entity)
            : field.Reference is { } reference ? site.Of(reference.TargetEntityType.ClrType)
            : null
        )
            is { KeyLength: 1 } found
            ? found
            : null;

    /// <summary>
    /// Whether a list can be sorted by a column: the table is small, or an index contains the column followed by the
    /// primary key, which makes the order unique.
    /// </summary>
    internal bool CanSort(Field field) =>
        !field.IsComputed
        && (
            IsSmall
            || (
                HasIndexOn(field, ordered: true)
                && (
                    Key[0].Name == field.Property!.Name
                    || design
                        .GetIndexes()
                        .Any(index =>
                            index.GetFilter() is null
                            && index.Properties[0].Name == field.Property.Name
                            && index
                                .Properties.Skip(1)
                                .Select(column => column.Name)
                                .SequenceEqual(index.Properties.Count == 1 ? [] : Key.Select(column => column.Name))
                        )
                )
            )
        );

    /// <summary>Whether an unfiltered index begins with the column; for sorting, it must be a B-tree.</summary>
    internal bool HasIndexOn(Field field, bool ordered) =>
        field is { Property: { } column, Navigations.Count: 0 }
        && (
            design.GetKeys().Any(key => key.Properties[0].Name == column.Name)
            || design
                .GetIndexes()
                .Any(index =>
                    index.Properties[0].Name == column.Name
                    && index.GetFilter() is null
                    && (!ordered || index.FindAnnotation("Npgsql:IndexMethod")?.Value is null or "btree")
                )
        );
}
