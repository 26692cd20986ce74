using Lightning.Admin.Details;
using Lightning.Admin.Lists;
using Lightning.Admin.Registrations;
using Microsoft.AspNetCore.Mvc;

namespace Lightning.Admin.Pages;

/// <summary>Deletes a row, after it was shown what goes along; or takes it back where it stays.</summary>
public sealed class DeleteModel(AdminRequest request) : AdminPage(request)
{
    /// <summary>What the row is called.</summary>
    public string Name { get; private set; } = "";

    /// <summary>Its key, as part of an address.</summary>
    public string Key { get; private set; } = "";

    /// <summary>What goes along.</summary>
    public IReadOnlyList<Consequence> Consequences { get; private set; } = [];

    /// <summary>Why it cannot be deleted, or taken back.</summary>
    public string? Fault { get; private set; }

    /// <summary>Whether it is deleted already, and was to be taken back.</summary>
    public bool IsRestore { get; private set; }

    /// <summary>The list as it was when it led here; null where something else did.</summary>
    public ListState? From { get; private set; }

    /// <summary>Shows what goes along.</summary>
    public async Task<IActionResult> OnGetAsync([FromRoute] string list, [FromRoute] string key, [FromQuery] string? from, CancellationToken cancellationToken)
    {
        if (!Opens(list)) return NotFound();
        From = from is null ? null : ListOf(from);
        return await ShowAsync(key, cancellationToken) ? Page() : NotFound();
    }

    /// <summary>Deletes it.</summary>
    public async Task<IActionResult> OnPostAsync([FromRoute] string list, [FromRoute] string key, [FromForm] string? from)
    {
        if (!Opens(list)) return NotFound();
        From = from is null ? null : ListOf(from);
        var (found, fault) = await Rows.DeleteAsync(key);
        if (!found) return NotFound();
        if (fault is null) return Back($"done=deleted&row={Uri.EscapeDataString(key)}", From ?? new());
        Fault = fault;
        return await ShowAsync(key, CancellationToken.None) ? Again(StatusCodes.Status409Conflict) : NotFound();
    }

    /// <summary>Takes it back.</summary>
    public async Task<IActionResult> OnPostRestoreAsync([FromRoute] string list, [FromRoute] string key, CancellationToken cancellationToken)
    {
        if (!Opens(list)) return NotFound();
        var (found, fault) = await Rows.RestoreAsync(key);
        if (!found || await Rows.NameAsync(key, cancellationToken) is not { } name) return NotFound();
        if (fault is null) return SeeOther($"/{Registration.Slug}/{key}?done=restored");
        (Name, Key, Fault, IsRestore) = (name, key, fault, true);
        return Again(StatusCodes.Status409Conflict);
    }

    async Task<bool> ShowAsync(string key, CancellationToken cancellationToken)
    {
        if (await Rows.ConsequencesAsync(key, cancellationToken) is not { } consequences || await Rows.NameAsync(key, cancellationToken) is not { } name) return false;
        (Name, Key, Consequences) = (name, key, consequences);
        return true;
    }
}
