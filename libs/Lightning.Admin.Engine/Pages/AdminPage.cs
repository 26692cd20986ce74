using Lightning.Admin.Engine.Lists;
using Lightning.Admin.Engine.Operations;
using Lightning.Admin.Engine.Registrations;
using Lightning.Authorization;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.AspNetCore.WebUtilities;

namespace Lightning.Admin.Engine.Pages;

/// <summary>The base of a registration's pages, which return 404 unless the actor may read any of its rows.</summary>
public abstract class AdminPage(AdminRequest request) : PageModel
{
    /// <summary>The registration.</summary>
    public Registration Registration { get; private set; } = null!;

    /// <summary>Whether the actor can create rows.</summary>
    public bool CanCreate => Rows.CanCreate;

    /// <summary>Whether the actor can update any row.</summary>
    public bool CanUpdate => Rows.IsPossible(Verb.Update);

    /// <summary>Whether the actor can edit rows in the list.</summary>
    public bool CanEditInList => Registration.WrittenInList.Count > 0 && CanUpdate;

    private protected AdminRequest AdminRequest => request;

    private protected Rows Rows { get; private set; } = null!;

    private protected bool TryOpen(string list)
    {
        if (request.Site.Find(list) is not { } registration)
            return false;
        (Registration, Rows) = (registration, registration.Open(request));
        return Rows.IsPossible(Verb.Read);
    }

    /// <summary>
    /// The state of the list that a form was reached from. It is parsed and rewritten, so it can only link to this
    /// list; an invalid state becomes the default one.
    /// </summary>
    private protected ListState ListOf(string? from) =>
        ListState.Read(Registration, QueryHelpers.ParseQuery(from)) is { Errors: [] } state ? state : new();

    /// <summary>Redirects to a list, with the result of the action.</summary>
    private protected IActionResult Back(string done, ListState list) =>
        list.ToString() is { Length: > 0 } query
            ? SeeOther($"/{Registration.Slug}?{done}&{query[1..]}")
            : SeeOther($"/{Registration.Slug}?{done}");

    private protected IActionResult SeeOther(string address)
    {
        Response.Headers.Location = address;
        return StatusCode(StatusCodes.Status303SeeOther);
    }

    /// <summary>Redirects after saving: to the row, its form, or a form for another row.</summary>
    private protected async Task<IActionResult> LeaveAsync(string key, string? then) =>
        SeeOther(
            then switch
            {
                // The actor may be allowed to create the row but not to edit it.
                "edit" when await Rows.EditAsync(key, CancellationToken.None) is null =>
                    $"/{Registration.Slug}/{key}?done=saved",
                // Field names never begin with an underscore, so this does not prefill one.
                "edit" => $"/{Registration.Slug}/{key}/edit?_saved={key}",
                "new" => $"/{Registration.Slug}/-/new?_saved={key}",
                _ => $"/{Registration.Slug}/{key}?done=saved",
            }
        );

    /// <summary>Shows the page again with an error status.</summary>
    private protected PageResult Again(int status = StatusCodes.Status422UnprocessableEntity)
    {
        Response.StatusCode = status;
        return Page();
    }
}
