using System.ComponentModel.DataAnnotations;
using Lightning.Data;
using Lightning.Identity.Audit;
using Lightning.Identity.RateLimits;
using Lightning.Identity.Requests;
using Lightning.Identity.Secrets;
using Lightning.Identity.Sessions;
using Lightning.Identity.SignIn;
using Lightning.Identity.Upstream;
using Lightning.Identity.Web;
using Lightning.ServiceDefaults;
using Lightning.Sessions;
using Lightning.Sessions.Providers;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;

namespace Lightning.Identity.Pages.Account;

/// <summary>
/// Signs in with an upstream provider. A linked user is signed in, a user with a verified and unused email address gets
/// an account, and all others are asked what to do (ASVS 5.0, 6.8.1).
/// </summary>
sealed class UpstreamModel(
    LightningDb db,
    UpstreamProviders providers,
    UpstreamAccounts accounts,
    UpstreamEmailVerification proofs,
    SignInFlow steps,
    PendingRequests pushed,
    AccountRateLimits limits,
    StateProtector protector,
    IOptions<SessionsOptions> lifetimes,
    TimeProvider clock,
    ILogger<UpstreamModel> logger
) : PageModel
{
    [BindProperty]
    [Required(ErrorMessage = "Enter your email address."), EmailAddressInput]
    public string? Email
    {
        get;
        set => field = EmailAddress.Normalize(value);
    }

    /// <summary>The provider's authorization URL; null unless the browser is redirected there.</summary>
    public string? Destination { get; private set; }

    public UpstreamQuestion Question { get; private set; }

    /// <summary>The provider's name.</summary>
    public string Title { get; private set; } = "";

    /// <summary>The user's email address or name at the provider.</summary>
    public string Label { get; private set; } = "";

    /// <summary>The email address of the signed-in account.</summary>
    public string Account { get; private set; } = "";

    /// <summary>
    /// Redirects to the provider with a page, because <c>form-action</c> does not allow a redirect from a form to
    /// another site.
    /// </summary>
    public async Task<IActionResult> OnPostBeginAsync(string? provider, string? returnUrl, bool link)
    {
        if (providers.Find(provider) is not { } chosen)
            return NotFound();
        var session = HttpContext.BrowserSession();
        if (link && !RecentSignIn.IsRecent(session, clock))
            return new SeeOther(RecentSignIn.SignInUrl(Paths.Logins));
        var waiting =
            returnUrl == Paths.Upstream
                ? (await UpstreamTicket.ReadAsync(HttpContext, providers))?.ReturnUrl
                : ReturnUrl.Accept(returnUrl);
        // A signed-in user confirms their identity; a signed-out user may continue to a page or request that requires
        // it.
        var reauthenticate =
            !link
            && (
                session is not null
                || ReturnUrl.IsAccountPage(waiting)
                || await pushed.RequiresReauthenticationAsync(waiting, HttpContext.RequestAborted)
            );
        return await ChallengeAsync(chosen, waiting, link ? session!.UserId : null, reauthenticate);
    }

    /// <summary>Shows a stale form again. The buttons of other pages post here too.</summary>
    public async Task<IActionResult> OnPostStaleAsync(
        string? handler,
        string? returnUrl,
        bool link,
        CancellationToken cancellationToken
    )
    {
        if (!string.Equals(handler, "begin", StringComparison.OrdinalIgnoreCase))
            return await OnGetAsync(cancellationToken);
        var next = ReturnUrl.Accept(returnUrl);
        if (link)
            return new SeeOther(Paths.Logins);
        return new SeeOther(
            HttpContext.BrowserSession() is not null ? next ?? Paths.Home
            : next is null ? Paths.SignIn
            : QueryHelpers.AddQueryString(Paths.SignIn, "returnUrl", next)
        );
    }

    async Task<IActionResult> ChallengeAsync(
        UpstreamProvider chosen,
        string? waiting,
        Guid? linkTo,
        bool reauthenticate
    )
    {
        DateTimeOffset? promptedAt = reauthenticate ? clock.GetUtcNow() : null;
        try
        {
            await HttpContext.ChallengeAsync(
                chosen.Scheme,
                UpstreamTicket.CreateChallenge(chosen, waiting, linkTo, promptedAt, lifetimes.Value.AbsoluteLifetime)
            );
        }
        catch (Exception ex) when (ex is OpenIdConnectProtocolException || ProviderUnavailableException.IsCauseOf(ex))
        {
            logger.UpstreamUnavailable(ex, chosen.Scheme);
            Response.Headers.RetryAfter = "10";
            return new ErrorPageActionResult(UpstreamEvents.Unavailable(chosen.Title));
        }
        Destination = Response.Headers.Location.ToString();
        Title = chosen.Title;
        Response.Headers.Remove("Location");
        Response.StatusCode = StatusCodes.Status200OK;
        Response.Headers["Refresh"] = $"0;url={Destination}";
        return Page();
    }

    public async Task<IActionResult> OnGetAsync(CancellationToken cancellationToken)
    {
        ModelState.Clear();
        if (await UpstreamTicket.ReadAsync(HttpContext, providers) is not { } ticket)
            return Expired();
        var session = HttpContext.BrowserSession();
        if (await accounts.FindAsync(ticket.User, cancellationToken) is { } linked)
            return ticket.LinkTo is null ? await SignInAsync(ticket, linked) : await AlreadyLinkedAsync(ticket, linked);

        if (MayLink(ticket, session))
            return ShowQuestion(UpstreamQuestion.Link, ticket, session);
        if (ticket.LinkTo is not null)
            return Expired();
        if (!ticket.User.EmailVerified)
        {
            Email ??= ticket.User.Email;
            return ShowQuestion(UpstreamQuestion.Address, ticket, session);
        }
        if (await accounts.IsEmailTakenAsync(ticket.User.Email!, cancellationToken))
        {
            Email = ticket.User.Email;
            return ShowQuestion(UpstreamQuestion.SignInFirst, ticket, session);
        }
        // Not cancelled with the request, so that a registration is never incomplete.
        await using var transaction = await db.Database.BeginTransactionAsync(CancellationToken.None);
        if (await accounts.RegisterAsync(ticket.User, ticket.User.Email!) is not var (account, registered))
            return new SeeOther(Paths.Upstream);
        await transaction.CommitAsync(CancellationToken.None);
        registered();
        return await SignInAsync(ticket, account);
    }

    /// <summary>Links the provider's user to the signed-in account after its owner confirmed.</summary>
    public async Task<IActionResult> OnPostLinkAsync()
    {
        if (
            await UpstreamTicket.ReadAsync(HttpContext, providers) is not { } ticket
            || HttpContext.BrowserSession() is not { } session
            || !MayLink(ticket, session)
        )
            return Expired();
        await UpstreamTicket.DeleteAsync(HttpContext);
        if (!await accounts.LinkAsync(session.UserId, session.Id, ticket.User))
            return LinkedToAnotherAccount(ticket);
        return new SeeOther(ticket.LinkTo is not null ? Paths.Logins : ticket.ReturnUrl ?? Paths.Home);
    }

    public async Task<IActionResult> OnPostCancelAsync()
    {
        var ticket = await UpstreamTicket.ReadAsync(HttpContext, providers);
        await UpstreamTicket.DeleteAsync(HttpContext);
        return new SeeOther(ticket?.LinkTo is not null ? Paths.Logins : ticket?.ReturnUrl ?? Paths.Home);
    }

    /// <summary>Mails a link that verifies an email address.</summary>
    public async Task<IActionResult> OnPostProveAsync(CancellationToken cancellationToken)
    {
        if (await UpstreamTicket.ReadAsync(HttpContext, providers) is not { LinkTo: null } ticket)
            return Expired();
        if (!ModelState.IsValid)
            return ShowQuestion(UpstreamQuestion.Address, ticket, HttpContext.BrowserSession());
        if (!await limits.MayTryAsync(HttpContext, Email!))
        {
            Response.StatusCode = StatusCodes.Status429TooManyRequests;
            ModelState.AddModelError("", "Too many attempts. Wait a minute, then try again.");
            return ShowQuestion(UpstreamQuestion.Address, ticket, HttpContext.BrowserSession());
        }
        await proofs.SendAsync(ticket.User, Email!, cancellationToken);
        return new SeeOther(
            CheckMailModel.CreateUrl(protector, new(MailPurpose.Upstream, Email!, ""), returnUrl: null)
        );
    }

    /// <summary>
    /// Whether the signed-in account may be linked: it asked for that after a recent sign-in, or it signed in after the
    /// provider's response, as the page asked (ASVS 5.0, 7.5.1).
    /// </summary>
    bool MayLink(UpstreamTicket ticket, ProviderSession? session) =>
        session is not null
        && (
            ticket.LinkTo is { } asked
                ? asked == session.UserId && RecentSignIn.IsRecent(session, clock)
                : session.AuthTime >= ticket.IssuedAt
        );

    async Task<IActionResult> SignInAsync(UpstreamTicket ticket, Data.Accounts.Account account)
    {
        await UpstreamTicket.DeleteAsync(HttpContext);
        var isSame = HttpContext.BrowserSession()?.UserId == account.Id;
        // An upstream provider does not replace a second factor (ASVS 5.0, 6.3.3).
        var provedAt = ticket.ProvedAt(clock.GetUtcNow());
        switch (await steps.ContinueAsync(HttpContext, account, provedAt, [AuthenticationMethods.Upstream]))
        {
            case SignInStatus.Disabled:
                return new ErrorPageActionResult(
                    new PageError(
                        StatusCodes.Status403Forbidden,
                        "You are not signed in",
                        "This account has been disabled. Contact support."
                    )
                );
            case SignInStatus.PasskeyRequired:
                return new ErrorPageActionResult(
                    new PageError(
                        StatusCodes.Status403Forbidden,
                        "Sign in with your passkey",
                        "This account requires its passkey. Use it on the sign-in page.",
                        Home: WithReturnUrl(ticket, Paths.SignIn)
                    )
                );
            case SignInStatus.CodeRequired:
                return new SeeOther(WithReturnUrl(ticket, Paths.SecondStep));
            // Adding a factor requires a recent authentication, so that an unattended browser with a session at the
            // provider is not enough (ASVS 5.0, 7.5.1).
            case SignInStatus.SetUpRequired when !RecentSignIn.IsRecent(provedAt, clock):
                return ticket.PromptedAt is null
                    ? await ChallengeAsync(ticket.User.Provider, ticket.ReturnUrl, linkTo: null, reauthenticate: true)
                    : NotReauthenticated(ticket);
            case SignInStatus.SetUpRequired:
                return new SeeOther(WithReturnUrl(ticket, Paths.SecondStepSetUp));
            case SignInStatus.CredentialsChanged:
                return new SeeOther(WithReturnUrl(ticket, Paths.SignIn));
        }
        return isSame && !ticket.IsReauthenticated && ticket.ReturnUrl is not null
            ? NotReauthenticated(ticket)
            : new SeeOther(ticket.ReturnUrl ?? Paths.Home);
    }

    static ErrorPageActionResult NotReauthenticated(UpstreamTicket ticket) =>
        new(
            new PageError(
                StatusCodes.Status403Forbidden,
                $"{ticket.User.Provider.Title} did not ask you to sign in again",
                "This step requires a new sign-in, and the provider did not confirm one. Sign in another way.",
                Home: WithReturnUrl(ticket, Paths.SignIn)
            )
        );

    async Task<IActionResult> AlreadyLinkedAsync(UpstreamTicket ticket, Data.Accounts.Account linked)
    {
        await UpstreamTicket.DeleteAsync(HttpContext);
        return linked.Id == ticket.LinkTo ? new SeeOther(Paths.Logins) : LinkedToAnotherAccount(ticket);
    }

    PageResult ShowQuestion(UpstreamQuestion question, UpstreamTicket ticket, ProviderSession? session)
    {
        Question = question;
        Title = ticket.User.Provider.Title;
        Label = ticket.User.Label;
        Account = session?.Email ?? "";
        return Page();
    }

    static string WithReturnUrl(UpstreamTicket ticket, string page) =>
        ticket.ReturnUrl is { } url ? QueryHelpers.AddQueryString(page, "returnUrl", url) : page;

    static ErrorPageActionResult LinkedToAnotherAccount(UpstreamTicket ticket) =>
        new(
            new PageError(
                StatusCodes.Status409Conflict,
                "Linked to another account",
                $"{ticket.User.Label} at {ticket.User.Provider.Title} is linked to another account here. "
                    + "Remove it there first.",
                Home: Paths.Logins
            )
        );

    static ErrorPageActionResult Expired() => new(PageErrors.RequestExpired(start: null));
}
