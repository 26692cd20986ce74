using Lightning.Data;
using Lightning.Identity.Accounts;
using Lightning.Identity.Sessions;
using Lightning.Identity.Web;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Filters;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Identity.Pages.Account;

/// <summary>When a page of one's account asks its reader to prove anew who they are.</summary>
enum Freshness
{
    /// <summary>To be signed in is enough.</summary>
    NotAsked,

    /// <summary>Before it does something.</summary>
    ToAct,

    /// <summary>Before it shows anything.</summary>
    ToSee,
}

/// <summary>A page of the account of whoever is signed in. What decides over the account takes a full sign-in, every factor of it, that is ten minutes old at most (ASVS 5.0, 7.5.1).</summary>
abstract class OwnPage(LightningDb db, TimeProvider clock, Freshness freshness) : PageModel
{
    /// <summary>Whose page it is.</summary>
    public Data.Accounts.Account Mine { get; private set; } = null!;

    /// <summary>The session of the browser that asks.</summary>
    public LiveSession Session { get; private set; } = null!;

    /// <summary>Whether the person signed in a moment ago, by all that their account asks for.</summary>
    public bool IsFresh => RecentSignIn.Holds(Session, clock)
        && (!Mine.TwoFactorEnabled || Session.Methods.Contains(SecondFactor.Multiple, StringComparer.Ordinal));

    /// <summary>This page, as somebody comes back to it.</summary>
    protected virtual string Here => Request.Path;

    public override async Task OnPageHandlerExecutionAsync(PageHandlerExecutingContext context, PageHandlerExecutionDelegate next)
    {
        var mine = HttpContext.BrowserSession() is { } session
            ? await db.Accounts.SingleOrDefaultAsync(account => account.Id == session.UserId, context.HttpContext.RequestAborted) : null;
        if (mine is not null) (Mine, Session) = (mine, HttpContext.BrowserSession()!);
        var asked = freshness == Freshness.ToSee || (freshness == Freshness.ToAct && HttpMethods.IsPost(Request.Method));
        if (mine is null || (asked && !IsFresh))
        {
            context.Result = new SeeOther(QueryHelpers.AddQueryString(Paths.SignIn, "returnUrl", Here));
            return;
        }
        await base.OnPageHandlerExecutionAsync(context, next);
    }

    /// <summary>To the account's front page, which says what was done.</summary>
    protected static IActionResult Done(string what) => new SeeOther($"{Paths.Account}?done={what}");
}
