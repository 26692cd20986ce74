using Lightning.Admin.Lists;
using Lightning.Admin.Registrations;
using Lightning.Data.Rules;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.AspNetCore.WebUtilities;

namespace Lightning.Admin.Pages;

/// <summary>A page of a registration, for somebody who may read anything of it; for anybody else there is no such page.</summary>
public abstract class AdminPage(AdminRequest request) : PageModel
{
    /// <summary>What it is about.</summary>
    public Registration Registration { get; private set; } = null!;

    /// <summary>Whether a row can be made by whoever looks.</summary>
    public bool CanCreate => Rows.CanCreate;

    /// <summary>Whether any row can be changed by whoever looks.</summary>
    public bool CanUpdate => Rows.IsPossible(Verb.Update);

    /// <summary>Whether rows can be changed in the list by whoever looks.</summary>
    public bool CanEditInList => Registration.WrittenInList.Count > 0 && CanUpdate;

    private protected AdminRequest Asked => request;

    private protected Rows Rows { get; private set; } = null!;

    private protected bool Opens(string list)
    {
        if (request.Site.Find(list) is not { } registration) return false;
        (Registration, Rows) = (registration, registration.Open(request));
        return Rows.IsPossible(Verb.Read);
    }

    /// <summary>
    /// The list that a form says it was reached from: read as this list's address and written again, so that it leads to this list and nowhere else, whatever was sent. What cannot be understood of it is
    /// the list as it is registered.
    /// </summary>
    private protected ListState ListOf(string? from) => ListState.Read(Registration, QueryHelpers.ParseQuery(from)) is { Faults: [] } state ? state : new();

    /// <summary>Back to a list, with what became of it.</summary>
    private protected IActionResult Back(string done, ListState list) => list.ToString() is { Length: > 0 } query ? SeeOther($"/{Registration.Slug}?{done}&{query[1..]}") : SeeOther($"/{Registration.Slug}?{done}");

    private protected IActionResult SeeOther(string address)
    {
        Response.Headers.Location = address;
        return StatusCode(StatusCodes.Status303SeeOther);
    }

    /// <summary>Where a form leads that was saved: to the row, on in its form, or to a form for another.</summary>
    private protected async Task<IActionResult> LeaveAsync(string key, string? then) => SeeOther(then switch
    {
        // What one may make one may perhaps not change.
        "edit" when await Rows.EditAsync(key, CancellationToken.None) is null => $"/{Registration.Slug}/{key}?done=saved",
        // No field begins with an underscore, so none is filled in by it.
        "edit" => $"/{Registration.Slug}/{key}/edit?_saved={key}",
        "new" => $"/{Registration.Slug}/-/new?_saved={key}",
        _ => $"/{Registration.Slug}/{key}?done=saved",
    });

    /// <summary>The page again, with something wrong.</summary>
    private protected PageResult Again(int status = StatusCodes.Status422UnprocessableEntity)
    {
        Response.StatusCode = status;
        return Page();
    }
}
