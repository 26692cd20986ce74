using Lightning.Admin.Accounts;
using Lightning.Admin.Engine.Details;
using Lightning.Admin.Engine.Registrations;
using Lightning.Authorization;
using Lightning.Data;
using Lightning.Data.Users;
using Lightning.Sessions.Cookies.WebSessions;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Admin.Pages.Accounts;

/// <summary>Confirms and performs an operation on an account.</summary>
[RecentSignIn]
public sealed class OperationModel(
    LightningDb db,
    UserPolicy policy,
    Actor actor,
    AccountOperations operations,
    AdminRequest request
) : PageModel
{
    /// <summary>The operation.</summary>
    public AccountOperation Operation { get; private set; } = null!;

    /// <summary>The account's user.</summary>
    public User Person { get; private set; } = null!;

    /// <summary>The effects on dependent rows, if the account is to be deleted.</summary>
    public IReadOnlyList<Consequence> Dependents { get; private set; } = [];

    /// <summary>Whether the database refused the operation, because something changed in the meantime.</summary>
    public bool IsRefused { get; private set; }

    /// <summary>Asks for confirmation.</summary>
    public async Task<IActionResult> OnGetAsync(Guid id, string act, CancellationToken cancellationToken) =>
        await RefuseAsync(id, act, cancellationToken) ?? Page();

    /// <summary>Performs the operation.</summary>
    public async Task<IActionResult> OnPostAsync(Guid id, string act, CancellationToken cancellationToken)
    {
        if (await RefuseAsync(id, act, cancellationToken) is { } refusal)
            return refusal;
        if (!await operations.DoAsync(Operation, id, HttpContext.SessionRequester()))
        {
            IsRefused = true;
            Response.StatusCode = StatusCodes.Status409Conflict;
            return Page();
        }
        Response.Headers.Location =
            Operation == AccountOperation.Remove ? "/accounts?done=deleted" : $"/accounts/{id}?done={Operation.Slug}";
        return StatusCode(StatusCodes.Status303SeeOther);
    }

    async Task<IActionResult?> RefuseAsync(Guid id, string slug, CancellationToken cancellationToken)
    {
        var person = await db
            .Users.AsNoTracking()
            .Where(policy, actor, Verb.Read)
            .SingleOrDefaultAsync(user => user.Id == id, cancellationToken);
        if (
            person is null
            || AccountOperation.All.FirstOrDefault(operation => operation.Slug == slug) is not { } operation
        )
            return NotFound();
        (Person, Operation) = (person, operation);
        // Entities without a list mean nothing to the reader; the text already says "its data".
        if (operation == AccountOperation.Remove)
            Dependents =
            [
                .. (await DependentRows.ReadAsync(request, typeof(User), [id], cancellationToken)).Where(consequence =>
                    consequence.Count is not null
                ),
            ];
        return await operations.MayAsync(operation, id, cancellationToken)
            ? null
            : StatusCode(StatusCodes.Status403Forbidden);
    }
}
