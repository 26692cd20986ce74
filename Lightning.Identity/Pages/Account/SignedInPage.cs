using Lightning.Data;
using Lightning.Identity.Sessions;
using Lightning.Identity.Web;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Filters;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Identity.Pages.Account;

/// <summary>When a page requires a recent sign-in.</summary>
enum Reauthentication
{
    /// <summary>A session is enough.</summary>
    NotRequired,

    /// <summary>Before a form is posted.</summary>
    RequiredToPost,

    /// <summary>Before the page is shown.</summary>
    Required,
}

/// <summary>
/// A page of the signed-in account. A page that changes how the account is protected requires a complete sign-in in the
/// last ten minutes (ASVS 5.0, 7.5.1).
/// </summary>
abstract class SignedInPage(LightningDb db, TimeProvider clock, Reauthentication reauthentication) : PageModel
{
    /// <summary>The signed-in account.</summary>
    public Data.Accounts.Account CurrentAccount { get; private set; } = null!;

    /// <summary>The session of the browser.</summary>
    public ProviderSession Session { get; private set; } = null!;

    /// <summary>Whether the user signed in recently, with a second factor if the account has one.</summary>
    public bool IsRecentlySignedIn =>
        RecentSignIn.IsRecent(Session, clock)
        && (
            !CurrentAccount.TwoFactorEnabled
            || Session.Methods.Contains(AuthenticationMethods.MultipleFactors, StringComparer.Ordinal)
        );

    /// <summary>The URL of this page, to return to after signing in.</summary>
    protected virtual string CurrentUrl => Request.Path;

    public override async Task OnPageHandlerExecutionAsync(
        PageHandlerExecutingContext context,
        PageHandlerExecutionDelegate next
    )
    {
        var mine = HttpContext.BrowserSession() is { } session
            ? await db.Accounts.SingleOrDefaultAsync(
                account => account.Id == session.UserId,
                context.HttpContext.RequestAborted
            )
            : null;
        if (mine is not null)
        {
            CurrentAccount = mine;
            Session = HttpContext.BrowserSession()!;
        }
        var asked =
            reauthentication == Reauthentication.Required
            || (reauthentication == Reauthentication.RequiredToPost && HttpMethods.IsPost(Request.Method));
        if (mine is null || (asked && !IsRecentlySignedIn))
        {
            var signIn = QueryHelpers.AddQueryString(Paths.SignIn, "returnUrl", CurrentUrl);
            if (mine is null && HttpMethods.IsPost(Request.Method))
                signIn = QueryHelpers.AddQueryString(signIn, "signedOut", "true");
            context.Result = new SeeOther(signIn);
            return;
        }
        await base.OnPageHandlerExecutionAsync(context, next);
    }

    /// <summary>Redirects to the account's start page, which shows the result.</summary>
    protected static IActionResult RedirectToAccount(string what) => new SeeOther($"{Paths.Account}?done={what}");
}
