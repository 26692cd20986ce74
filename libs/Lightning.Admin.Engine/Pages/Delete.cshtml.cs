using Lightning.Admin.Engine.Details;
using Lightning.Admin.Engine.Lists;
using Lightning.Admin.Engine.Registrations;
using Microsoft.AspNetCore.Mvc;

namespace Lightning.Admin.Engine.Pages;

/// <summary>Deletes a row after showing the effects, or restores it from soft deletion.</summary>
public sealed class DeleteModel(AdminRequest request) : AdminPage(request)
{
    /// <summary>The row's display name.</summary>
    public string Name { get; private set; } = "";

    /// <summary>The row's key as a URL segment.</summary>
    public string Key { get; private set; } = "";

    /// <summary>The effects on dependent rows.</summary>
    public IReadOnlyList<Consequence> Consequences { get; private set; } = [];

    /// <summary>Why the row cannot be deleted or restored; null if it can.</summary>
    public string? Error { get; private set; }

    /// <summary>Whether a restore failed.</summary>
    public bool IsRestore { get; private set; }

    /// <summary>The state of the list that linked here; null if another page did.</summary>
    public ListState? From { get; private set; }

    /// <summary>Shows the effects.</summary>
    public async Task<IActionResult> OnGetAsync(
        [FromRoute] string list,
        [FromRoute] string key,
        [FromQuery] string? from,
        CancellationToken cancellationToken
    )
    {
        if (!TryOpen(list))
            return NotFound();
        From = from is null ? null : ListOf(from);
        return await ShowAsync(key, cancellationToken) ? Page() : NotFound();
    }

    /// <summary>Deletes the row.</summary>
    public async Task<IActionResult> OnPostAsync(
        [FromRoute] string list,
        [FromRoute] string key,
        [FromForm] string? from
    )
    {
        if (!TryOpen(list))
            return NotFound();
        From = from is null ? null : ListOf(from);
        var (found, error) = await Rows.DeleteAsync(key);
        if (!found)
            return NotFound();
        if (error is null)
            return Back($"done=deleted&row={Uri.EscapeDataString(key)}", From ?? new());
        Error = error;
        return await ShowAsync(key, CancellationToken.None) ? Again(StatusCodes.Status409Conflict) : NotFound();
    }

    /// <summary>Restores the row.</summary>
    public async Task<IActionResult> OnPostRestoreAsync(
        [FromRoute] string list,
        [FromRoute] string key,
        CancellationToken cancellationToken
    )
    {
        if (!TryOpen(list))
            return NotFound();
        var (found, error) = await Rows.RestoreAsync(key);
        if (!found || await Rows.Lookup.NameAsync(key, cancellationToken) is not { } name)
            return NotFound();
        if (error is null)
            return SeeOther($"/{Registration.Slug}/{key}?done=restored");
        (Name, Key, Error, IsRestore) = (name, key, error, true);
        return Again(StatusCodes.Status409Conflict);
    }

    /// <summary>Asks again if the antiforgery token is no longer valid.</summary>
    public async Task<IActionResult> OnPostStaleAsync(
        [FromRoute] string list,
        [FromRoute] string key,
        [FromForm] string? from,
        CancellationToken cancellationToken
    )
    {
        if (!string.Equals(Request.Query["handler"], "Restore", StringComparison.OrdinalIgnoreCase))
            return await OnGetAsync(list, key, from, cancellationToken);
        if (!TryOpen(list) || await Rows.Lookup.NameAsync(key, cancellationToken) is not { } name)
            return NotFound();
        (Name, Key, IsRestore) = (name, key, true);
        return Page();
    }

    async Task<bool> ShowAsync(string key, CancellationToken cancellationToken)
    {
        if (
            await Rows.ConsequencesAsync(key, cancellationToken) is not { } consequences
            || await Rows.Lookup.NameAsync(key, cancellationToken) is not { } name
        )
            return false;
        (Name, Key, Consequences) = (name, key, consequences);
        return true;
    }
}
