using Lightning.Admin.Engine.Details;
using Lightning.Admin.Engine.History;
using Lightning.Admin.Engine.Registrations;
using Microsoft.AspNetCore.Mvc;

namespace Lightning.Admin.Engine.Pages;

/// <summary>The page of a row: its fields, children, actions and history.</summary>
public sealed class RowModel(AdminRequest request) : AdminPage(request)
{
    /// <summary>The row.</summary>
    public RowView Row { get; private set; } = null!;

    /// <summary>The latest audit entries.</summary>
    public IReadOnlyList<HistoryEntry> Entries { get; private set; } = [];

    /// <summary>The result of the previous action; null if there is none.</summary>
    public string? Done { get; private set; }

    /// <summary>Shows the row.</summary>
    public async Task<IActionResult> OnGetAsync(
        [FromRoute] string list,
        [FromRoute] string key,
        string? done,
        CancellationToken cancellationToken
    )
    {
        if (!TryOpen(list) || await Rows.FindAsync(key, cancellationToken) is not { } row)
            return NotFound();
        Row = row;
        Entries = await new RowHistory(AdminRequest).ReadAsync(Registration, row.Subject, null, 5, cancellationToken);
        Done = done switch
        {
            "saved" => "Saved.",
            "restored" => "Restored.",
            _ => null,
        };
        return Page();
    }
}
