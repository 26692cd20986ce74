using Lightning.Admin.Details;
using Lightning.Admin.History;
using Lightning.Admin.Registrations;
using Microsoft.AspNetCore.Mvc;

namespace Lightning.Admin.Pages;

/// <summary>One row: what is shown of it, its children, what can be done to it, and what was done.</summary>
public sealed class RowModel(AdminRequest request) : AdminPage(request)
{
    /// <summary>The row.</summary>
    public RowView Row { get; private set; } = null!;

    /// <summary>What was done to it lately.</summary>
    public IReadOnlyList<Happening> Happenings { get; private set; } = [];

    /// <summary>What became of the last click.</summary>
    public string? Done { get; private set; }

    /// <summary>Shows it.</summary>
    public async Task<IActionResult> OnGetAsync([FromRoute] string list, [FromRoute] string key, string? done, CancellationToken cancellationToken)
    {
        if (!Opens(list) || await Rows.FindAsync(key, cancellationToken) is not { } row) return NotFound();
        Row = row;
        Happenings = await new RowHistory(Asked).ReadAsync(Registration, row.Subject, null, 5, cancellationToken);
        Done = done switch { "saved" => "Saved.", "restored" => "Restored.", _ => null };
        return Page();
    }
}
