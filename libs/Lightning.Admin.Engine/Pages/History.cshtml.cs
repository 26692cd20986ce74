using Lightning.Admin.Engine.History;
using Lightning.Admin.Engine.Registrations;
using Microsoft.AspNetCore.Mvc;

namespace Lightning.Admin.Engine.Pages;

/// <summary>The history of a row.</summary>
public sealed class HistoryModel(AdminRequest request) : AdminPage(request)
{
    const int Most = 50;

    /// <summary>The row's display name.</summary>
    public string Name { get; private set; } = "";

    /// <summary>The row's key as a URL segment.</summary>
    public string Key { get; private set; } = "";

    /// <summary>The audit entries, newest first.</summary>
    public IReadOnlyList<HistoryEntry> Entries { get; private set; } = [];

    /// <summary>The id before which older entries are; null if there are none.</summary>
    public long? Before { get; private set; }

    /// <summary>Shows the entries.</summary>
    public async Task<IActionResult> OnGetAsync(
        [FromRoute] string list,
        [FromRoute] string key,
        long? before,
        CancellationToken cancellationToken
    )
    {
        if (!TryOpen(list) || await Rows.FindAsync(key, cancellationToken) is not { } row)
            return NotFound();
        (Name, Key) = (row.Name, row.Key);
        var found = await new RowHistory(AdminRequest).ReadAsync(
            Registration,
            row.Subject,
            before,
            Most + 1,
            cancellationToken
        );
        Entries = [.. found.Take(Most)];
        Before = found.Count > Most ? Entries[^1].Record.Id : null;
        return Page();
    }
}
