using Lightning.Admin.History;
using Lightning.Admin.Registrations;
using Microsoft.AspNetCore.Mvc;

namespace Lightning.Admin.Pages;

/// <summary>What was done to a row.</summary>
public sealed class HistoryModel(AdminRequest request) : AdminPage(request)
{
    const int Most = 50;

    /// <summary>What the row is called.</summary>
    public string Name { get; private set; } = "";

    /// <summary>Its key, as part of an address.</summary>
    public string Key { get; private set; } = "";

    /// <summary>What was done, newest first.</summary>
    public IReadOnlyList<Happening> Happenings { get; private set; } = [];

    /// <summary>Where older entries begin; null where there are none.</summary>
    public long? Before { get; private set; }

    /// <summary>Shows it.</summary>
    public async Task<IActionResult> OnGetAsync([FromRoute] string list, [FromRoute] string key, long? before, CancellationToken cancellationToken)
    {
        if (!Opens(list) || await Rows.FindAsync(key, cancellationToken) is not { } row) return NotFound();
        (Name, Key) = (row.Name, row.Key);
        var found = await new RowHistory(Asked).ReadAsync(Registration, row.Subject, before, Most + 1, cancellationToken);
        Happenings = [.. found.Take(Most)];
        Before = found.Count > Most ? Happenings[^1].Id : null;
        return Page();
    }
}
