using System.ComponentModel.DataAnnotations;
using Lightning.Data;
using Lightning.Data.Accounts;
using Lightning.Identity.Accounts;
using Lightning.Identity.Protocol;
using Lightning.Identity.Sessions;
using Lightning.Identity.Upstream;
using Lightning.Identity.Web;
using Lightning.Sessions;
using Lightning.Sessions.RelyingParties;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;

namespace Lightning.Identity.Pages.Account;

/// <summary>
/// Signing in by an upstream provider: begins it, and decides what becomes of the person who comes back. Somebody linked is signed in; somebody with a
/// proved address that is free gets an account; everybody else is asked (ASVS 5.0, 6.8.1).
/// </summary>
sealed class UpstreamModel(
    LightningDb db, UpstreamProviders providers, UpstreamAccounts accounts, AddressProofs proofs, SignInSteps steps, PushedRequests pushed, AccountLimits limits,
    IOptions<SessionsOptions> lifetimes, TimeProvider clock, ILogger<UpstreamModel> logger) : PageModel
{
    [BindProperty]
    [Required(ErrorMessage = "Enter your email address."), MailAddress(ErrorMessage = "Enter an email address, such as ada@example.com."), StringLength(256)]
    public string? Email { get; set; }

    /// <summary>Where the browser goes on to, at the provider.</summary>
    public string? Destination { get; private set; }

    public UpstreamQuestion Asks { get; private set; }

    /// <summary>The provider's name.</summary>
    public string Title { get; private set; } = "";

    /// <summary>Whom the provider vouches for.</summary>
    public string Label { get; private set; } = "";

    /// <summary>The account that is signed in here.</summary>
    public string Account { get; private set; } = "";

    /// <summary>To the provider; by a page that leads on by itself, for a policy on where forms may lead knows no other site's addresses.</summary>
    public async Task<IActionResult> OnPostBeginAsync(string? provider, string? returnUrl, bool link)
    {
        if (providers.Find(provider) is not { } chosen) return NotFound();
        var session = HttpContext.BrowserSession();
        if (link && !RecentSignIn.Holds(session, clock)) return new SeeOther(RecentSignIn.Page(Paths.Logins));
        var waiting = returnUrl == Paths.Upstream ? (await UpstreamTicket.ReadAsync(HttpContext, providers))?.ReturnUrl : ReturnUrl.Accept(returnUrl);
        // Whoever is signed in here confirms that it is them; whoever is not may be on the way to something that asks for that.
        var isAnew = !link && (session is not null || ReturnUrl.IsAccountPage(waiting) || await pushed.AsksForProofAsync(waiting, HttpContext.RequestAborted));
        return await GoAsync(chosen, waiting, link ? session!.UserId : null, isAnew);
    }

    async Task<IActionResult> GoAsync(UpstreamProvider chosen, string? waiting, Guid? linkTo, bool isAnew)
    {
        DateTimeOffset? anew = isAnew ? clock.GetUtcNow() : null;
        try
        {
            await HttpContext.ChallengeAsync(chosen.Scheme, UpstreamTicket.Remember(chosen, waiting, linkTo, anew, lifetimes.Value.AbsoluteLifetime));
        }
        catch (Exception ex)
            when (ex is OpenIdConnectProtocolException || ProviderUnavailableException.IsCauseOf(ex))
        {
            logger.UpstreamAway(ex, chosen.Scheme);
            Response.Headers.RetryAfter = "10";
            return new Shown(UpstreamEvents.Away(chosen.Title));
        }
        (Destination, Title) = (Response.Headers.Location.ToString(), chosen.Title);
        Response.Headers.Remove("Location");
        Response.StatusCode = StatusCodes.Status200OK;
        Response.Headers["Refresh"] = $"0;url={Destination}";
        return Page();
    }

    public async Task<IActionResult> OnGetAsync(CancellationToken cancellationToken)
    {
        ModelState.Clear();
        if (await UpstreamTicket.ReadAsync(HttpContext, providers) is not { } ticket) return Over();
        var session = HttpContext.BrowserSession();
        if (await accounts.FindAsync(ticket.Person, cancellationToken) is { } linked)
            return ticket.LinkTo is null ? await SignInAsync(ticket, linked) : await AlreadyLinkedAsync(ticket, linked);

        if (MayLink(ticket, session)) return Ask(UpstreamQuestion.Link, ticket, session);
        if (ticket.LinkTo is not null) return Over();
        if (!ticket.Person.EmailVerified)
        {
            Email = ticket.Person.Email;
            return Ask(UpstreamQuestion.Address, ticket, session);
        }
        if (await accounts.IsTakenAsync(ticket.Person.Email!, cancellationToken))
        {
            Email = ticket.Person.Email;
            return Ask(UpstreamQuestion.SignInFirst, ticket, session);
        }
        // Not cancelled with the request: half a registration would be in the way of the next one.
        await using var transaction = await db.Database.BeginTransactionAsync(CancellationToken.None);
        if (await accounts.RegisterAsync(ticket.Person, ticket.Person.Email!) is not var (account, registered)) return new SeeOther(Paths.Upstream);
        await transaction.CommitAsync(CancellationToken.None);
        registered();
        return await SignInAsync(ticket, account);
    }

    /// <summary>The owner of an account says so: it and the person there are one.</summary>
    public async Task<IActionResult> OnPostLinkAsync()
    {
        if (await UpstreamTicket.ReadAsync(HttpContext, providers) is not { } ticket || HttpContext.BrowserSession() is not { } session || !MayLink(ticket, session)) return Over();
        await UpstreamTicket.EndAsync(HttpContext);
        if (!await accounts.LinkAsync(session.UserId, session.Id, ticket.Person)) return AnothersLogin(ticket);
        return new SeeOther(ticket.LinkTo is not null ? Paths.Logins : ticket.ReturnUrl ?? Paths.Home);
    }

    public async Task<IActionResult> OnPostCancelAsync()
    {
        var ticket = await UpstreamTicket.ReadAsync(HttpContext, providers);
        await UpstreamTicket.EndAsync(HttpContext);
        return new SeeOther(ticket?.LinkTo is not null ? Paths.Logins : ticket?.ReturnUrl ?? Paths.Home);
    }

    /// <summary>Mails a link that proves an address.</summary>
    public async Task<IActionResult> OnPostProveAsync(CancellationToken cancellationToken)
    {
        if (await UpstreamTicket.ReadAsync(HttpContext, providers) is not { LinkTo: null } ticket) return Over();
        if (!ModelState.IsValid) return Ask(UpstreamQuestion.Address, ticket, HttpContext.BrowserSession());
        if (!await limits.MayTryAsync(HttpContext, Email!))
        {
            Response.StatusCode = StatusCodes.Status429TooManyRequests;
            ModelState.AddModelError("", "Too many attempts. Wait a minute, then try again.");
            return Ask(UpstreamQuestion.Address, ticket, HttpContext.BrowserSession());
        }
        await proofs.SendAsync(ticket.Person, Email!, cancellationToken);
        return new SeeOther(Paths.CheckMail);
    }

    /// <summary>
    /// Whether the account that is signed in may be linked: it asked for that itself and only just proved who it is, or it signed in after the provider
    /// had answered, which is what its owner was asked to do (ASVS 5.0, 7.5.1).
    /// </summary>
    bool MayLink(UpstreamTicket ticket, LiveSession? session) => session is not null
        && (ticket.LinkTo is { } asked ? asked == session.UserId && RecentSignIn.Holds(session, clock) : session.AuthTime >= ticket.IssuedAt);

    async Task<IActionResult> SignInAsync(UpstreamTicket ticket, Data.Accounts.Account account)
    {
        await UpstreamTicket.EndAsync(HttpContext);
        var isSame = HttpContext.BrowserSession()?.UserId == account.Id;
        // What a second step protects, no other provider opens (ASVS 5.0, 6.3.3).
        var provedAt = ticket.ProvedAt(clock.GetUtcNow());
        switch (await steps.GoOnAsync(HttpContext, account, provedAt, [UpstreamAccounts.Method]))
        {
            case SignInStep.Disabled:
                return new Shown(new Fault(StatusCodes.Status403Forbidden, "You are not signed in", "This account has been disabled. Ask whoever runs this service."));
            case SignInStep.PasskeyWanted:
                return new Shown(new Fault(StatusCodes.Status403Forbidden, "This account signs in with a passkey", "Use it on the page where you sign in.", Home: With(ticket, Paths.SignIn)));
            case SignInStep.CodeWanted: return new SeeOther(With(ticket, Paths.SecondStep));
            // Whoever finds a browser that the provider still knows must not add a factor of theirs: so the provider is asked to ask (ASVS 5.0, 7.5.1).
            case SignInStep.SetUpWanted when !RecentSignIn.IsRecent(provedAt, clock):
                return ticket.AnewSince is null ? await GoAsync(ticket.Person.Provider, ticket.ReturnUrl, linkTo: null, isAnew: true) : NotAskedAnew(ticket);
            case SignInStep.SetUpWanted: return new SeeOther(With(ticket, Paths.SecondStepSetUp));
            case SignInStep.Outdated: return new SeeOther(With(ticket, Paths.SignIn));
        }
        return isSame && !ticket.IsProvedAnew && ticket.ReturnUrl is not null ? NotAskedAnew(ticket) : new SeeOther(ticket.ReturnUrl ?? Paths.Home);
    }

    static Shown NotAskedAnew(UpstreamTicket ticket) => new(new Fault(StatusCodes.Status403Forbidden, $"{ticket.Person.Provider.Title} did not ask you anew",
        "This step needs you to prove who you are once more, and the provider does not say that you did. Sign in another way.", Home: With(ticket, Paths.SignIn)));

    async Task<IActionResult> AlreadyLinkedAsync(UpstreamTicket ticket, Data.Accounts.Account linked)
    {
        await UpstreamTicket.EndAsync(HttpContext);
        return linked.Id == ticket.LinkTo ? new SeeOther(Paths.Logins) : AnothersLogin(ticket);
    }

    PageResult Ask(UpstreamQuestion question, UpstreamTicket ticket, LiveSession? session)
    {
        (Asks, Title, Label, Account) = (question, ticket.Person.Provider.Title, ticket.Person.Label, session?.Email ?? "");
        return Page();
    }

    static string With(UpstreamTicket ticket, string page) => ticket.ReturnUrl is { } url ? QueryHelpers.AddQueryString(page, "returnUrl", url) : page;

    static Shown AnothersLogin(UpstreamTicket ticket) => new(new Fault(StatusCodes.Status409Conflict, "Linked to another account",
        $"{ticket.Person.Label} at {ticket.Person.Provider.Title} signs in to another account here. Remove it there first.", Home: Paths.Logins));

    static Shown Over() => new(Faults.RequestIsOver(client: null));
}
