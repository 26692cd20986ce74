using Lightning.Admin.Engine.Queries;
using Lightning.Admin.Engine.Registrations;
using Lightning.Admin.Engine.Values;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;

namespace Lightning.Admin.Engine.Forms;

/// <summary>Reads and writes the join rows of many-to-many fields.</summary>
sealed class LinkWriter<T>(AdminRequest request, RowQuery<T> query)
    where T : class
{
    readonly Dictionary<(object Row, string Field), LinkedRows> linked = [];
    readonly List<(object Row, FormField Field, IReadOnlyList<object?> Keys)> changes = [];

    /// <summary>Whether values were set.</summary>
    public bool HasChanges => changes.Count > 0;

    /// <summary>The loaded linked rows of a field; null if it has none.</summary>
    public LinkedRows? Find(object row, FormField field) => linked.GetValueOrDefault((row, field.Name));

    /// <summary>Sets the keys of the linked rows, which <see cref="Apply"/> writes.</summary>
    public void Set(object row, FormField field, IReadOnlyList<object?> keys) => changes.Add((row, field, keys));

    /// <summary>Loads the linked rows of many-to-many fields.</summary>
    public async Task LoadAsync(
        T row,
        object[] key,
        IEnumerable<FormField> fields,
        Posted? posted,
        CancellationToken cancellationToken
    )
    {
        foreach (var field in fields.Where(field => field.ManyToMany is not null))
        {
            var requested = LinkedRows
                .SplitKeys(posted?.Fields.GetValueOrDefault(field.Name) ?? "")
                .Concat(LinkedRows.SplitKeys(posted?.Originals.GetValueOrDefault(field.Name) ?? ""))
                .Distinct()
                .Take(2 * LinkedRows.MaxPosted)
                .ToList();
            var (keys, hasMore) = await RowLookup
                .Create(request.Site.Of(field.Target!.ClrType)!, request)
                .LinkedAsync(query.Linked(key, field.ManyToMany!), requested, LinkedRows.MaxShown, cancellationToken);
            linked[(row, field.Name)] = new(keys, hasMore, posted?.Originals.GetValueOrDefault(field.Name));
        }
    }

    /// <summary>Inserts and deletes join rows to match the posted values.</summary>
    public void Apply(T row)
    {
        foreach (var (_, field, keys) in changes.Where(change => change.Row == row))
        {
            var (before, after) = (Find(row, field), keys.Select(key => RowKey.Format((object[])key!)).ToList());
            foreach (var key in after.Except(before?.Keys ?? []))
                Between(field).Add(LinkOf(row, field.ManyToMany!, key));
            foreach (var key in LinkedRows.SplitKeys(before?.CurrentText ?? "").Except(after))
                Between(field).Remove(LinkOf(row, field.ManyToMany!, key));
        }
    }

    DbSet<Dictionary<string, object>> Between(FormField field) =>
        request.Db.Set<Dictionary<string, object>>(field.ManyToMany!.JoinEntityType.Name);

    Dictionary<string, object> LinkOf(T row, ISkipNavigation navigation, string key)
    {
        var entry = request.Db.Entry(row);
        var link = navigation
            .ForeignKey.Properties.Zip(navigation.ForeignKey.PrincipalKey.Properties)
            .ToDictionary(column => column.First.Name, column => entry.Property(column.Second).CurrentValue!);
        var other = navigation.Inverse.ForeignKey;
        foreach (var (column, value) in other.Properties.Zip(RowKey.Parse(key, other.PrincipalKey.Properties)!))
            link[column.Name] = value;
        return link;
    }

    /// <summary>The error of a join row; null if the error is about something else.</summary>
    public (string Field, string Sentence)? ErrorOf(DbUpdateException ex) =>
        changes
            .Select(change => change.Field)
            .FirstOrDefault(field => ex.Entries.Any(entry => entry.Metadata == field.ManyToMany!.JoinEntityType))
            is { } field
        && DatabaseErrors.Describe(ex, (IEntityType)field.ManyToMany!.JoinEntityType) is { } error
            ? (field.Name, error.Sentence == DatabaseErrors.Duplicate ? DatabaseErrors.Concurrent : error.Sentence)
            : null;
}
