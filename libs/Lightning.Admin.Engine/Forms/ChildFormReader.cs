using System.Globalization;
using Lightning.Admin.Engine.Registrations;

namespace Lightning.Admin.Engine.Forms;

/// <summary>Shows the children in the form of their parent row.</summary>
sealed class ChildFormReader<T>(AdminRequest request, ChildQuery<T> children, string list)
    where T : class
{
    /// <summary>The children for display, with posted values.</summary>
    public async Task<ChildForm> ReadAsync(
        IReadOnlyList<object?>? parent,
        IReadOnlyList<PostedRow> posted,
        bool adds,
        ChildErrors? errors,
        CancellationToken cancellationToken
    )
    {
        var (rows, shown) = (new List<ChildFormRow>(), new HashSet<string>(StringComparer.Ordinal));
        var found = parent is null ? [] : await children.ReadAsync(parent, cancellationToken);
        foreach (var (row, mayUpdate, mayDelete) in found.Take(ChildQuery<T>.Most))
        {
            var entry = request.Db.Entry(row);
            var key = RowWriter<T>.KeyOf(entry);
            shown.Add(key);
            var sent = posted.FirstOrDefault(one => one.Key == key);
            var inputs = mayUpdate
                ? children.Writer.Inputs(
                    children.ForExisting,
                    entry,
                    sent?.Values,
                    errors?.GetValueOrDefault(key),
                    Prefix(key)
                )
                : [];
            rows.Add(
                new(
                    key,
                    children.Writer.NameOf(entry, key),
                    inputs,
                    mayDelete && children.Registration.Deletes,
                    sent?.IsRemoved == true
                )
                {
                    Error = errors?.GetValueOrDefault(key)?.GetValueOrDefault(""),
                }
            );
        }
        // Keep the input for deleted children, so that the user can copy it.
        foreach (var gone in posted.Where(one => !one.IsNew && !shown.Contains(one.Key) && children.HasChanges(one)))
            rows.Add(
                new(
                    gone.Key,
                    "Deleted row",
                    RowWriter<T>.NewInputs(
                        children.ForExisting,
                        request.Db.Entry(children.Writer.Make()),
                        gone.Values,
                        null,
                        Prefix(gone.Key)
                    ),
                    true,
                    true
                )
                {
                    Error = "This row was deleted by someone else. Copy your input before you leave this form.",
                }
            );
        var made = posted.Where(one => one is { IsNew: true, IsRemoved: false }).Select(one => one.Key).ToList();
        if (adds && children.Writer.CanCreate)
            made.Add(
                "+"
                    + (
                        made.Select(key => int.TryParse(key[1..], out var number) ? number : 0).DefaultIfEmpty(-1).Max()
                        + 1
                    ).ToString(CultureInfo.InvariantCulture)
            );
        foreach (var key in made)
        {
            var sent = posted.FirstOrDefault(one => one.Key == key);
            var wrong = errors?.GetValueOrDefault(key);
            var inputs = RowWriter<T>.NewInputs(
                children.ForNew,
                request.Db.Entry(children.Writer.Make()),
                sent?.Values,
                wrong,
                Prefix(key)
            );
            if (sent is null && inputs.Count > 0)
                inputs = [inputs[0] with { HasFocus = true }, .. inputs.Skip(1)];
            rows.Add(
                new(
                    key,
                    $"New {children.Registration.Singular.ToLowerInvariant()}",
                    inputs,
                    true,
                    sent?.IsRemoved == true
                )
                {
                    Error = wrong?.GetValueOrDefault(""),
                }
            );
        }
        return new(
            list,
            children.Registration,
            await OfferAsync(rows, cancellationToken),
            children.Writer.CanCreate,
            found.Count > ChildQuery<T>.Most
        );
    }

    async Task<IReadOnlyList<ChildFormRow>> OfferAsync(List<ChildFormRow> rows, CancellationToken cancellationToken)
    {
        var (offered, at) = (
            await new Pickers(request).OfferAsync([.. rows.SelectMany(row => row.Inputs)], cancellationToken),
            0
        );
        return
        [
            .. rows.Select(row =>
                row with
                {
                    Inputs = [.. offered.Skip((at += row.Inputs.Count) - row.Inputs.Count).Take(row.Inputs.Count)],
                }
            ),
        ];
    }

    string Prefix(string key) => $"{list}:{key}:";
}
