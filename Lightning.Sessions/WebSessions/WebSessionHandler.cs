using System.Security.Claims;
using System.Text.Encodings.Web;
using Lightning.Sessions.Foreign;
using Lightning.Sessions.RelyingParties;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Extensions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Lightning.Sessions.WebSessions;

/// <summary>Options of the session's authentication scheme.</summary>
public sealed class WebSessionOptions : AuthenticationSchemeOptions
{
    /// <summary>Whether a request counts as use of the session; polling should not.</summary>
    public Func<HttpRequest, bool> Slides { get; set; } = _ => true;
}

/// <summary>
/// Authenticates a request by its session cookie. It is not ASP.NET's cookie handler, which keeps its session key over a new sign-in and writes a
/// vanished session back when it renews one.
/// </summary>
sealed partial class WebSessionHandler(
    IOptionsMonitor<WebSessionOptions> options, ILoggerFactory logger, UrlEncoder encoder,
    RequestSessions sessions, SessionSecrets secrets, SessionCookie cookie, RelyingParty party, IOptions<RelyingPartyOptions> provider, IProblemDetailsService problems)
    : SignInAuthenticationHandler<WebSessionOptions>(options, logger, encoder)
{
    static readonly string[] Kept = ["iss", "sub", "sid", "auth_time", "amr"];

    // Not by the constructor: a request whose session is remembered needs no database.
    WebSessionStore Store => Context.RequestServices.GetRequiredService<WebSessionStore>();

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync() =>
        await sessions.FindAsync(Context) is { } session ? AuthenticateResult.Success(session.Ticket) : AuthenticateResult.NoResult();

    /// <summary>A new value at every sign-in; the one that the browser brought, planted or not, is never taken over (ASVS 5.0, 7.2.4).</summary>
    protected override async Task HandleSignInAsync(ClaimsPrincipal user, AuthenticationProperties? properties)
    {
        properties = properties?.Clone() ?? new AuthenticationProperties();
        var own = Guid.TryParse(user.FindFirst("sid")?.Value, out var named) ? named : (Guid?)null;
        if (user.FindFirst("iss") is not { } issuer || user.FindFirst("sub") is not { } subject || (own is null && !provider.Value.Foreign))
            throw new SignInRefusedException("The provider's ID token names no session.");
        if (SessionTokens.Take(properties) is not var (tokens, expiresAt))
            throw new SignInRefusedException("The provider gave no access token.");

        var (value, idHash) = SessionCookie.New();
        var replaces = new[] { cookie.ReadHash(Request)?.ToArray(), SignIn.TakeReplaced(properties) }.OfType<byte[]>().ToArray();
        var identity = new ClaimsIdentity(user.Claims.Where(claim => Kept.Contains(claim.Type, StringComparer.Ordinal)), Scheme.Name, "sub", null);
        var ticket = new AuthenticationTicket(new ClaimsPrincipal(identity), new AuthenticationProperties(), Scheme.Name);
        var sid = await Store.InsertAsync(new NewSession
        {
            IdHash = idHash,
            Sid = provider.Value.Foreign ? null : own,
            Foreign = provider.Value.Foreign ? ForeignSession.Read(user, properties, Context) : null,
            Issuer = issuer.Value,
            Subject = subject.Value,
            Ticket = secrets.ProtectTicket(idHash, TicketSerializer.Default.Serialize(ticket)),
            Tokens = secrets.ProtectTokens(idHash, tokens),
            TokenExpiresAt = expiresAt,
            Replaces = replaces,
        }, Context.RequestAborted) ?? throw new SignInRefusedException("The session at the provider has ended, or the account is shut.");

        cookie.Write(Response, value);
        // By a log of its own, because what ASP.NET says by the handler's is not kept.
        Log.SignedIn(Context.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(WebSessionHandler).Namespace!), party.App, new SessionMark(sid));
    }

    protected override async Task HandleSignOutAsync(AuthenticationProperties? properties)
    {
        if (cookie.ReadHash(Request) is { } hash) await Store.DeleteAsync(hash.ToArray(), Context.RequestAborted);
        cookie.Delete(Response);
    }

    /// <summary>401, and never a redirect for a script; a page may lead to signing in.</summary>
    protected override async Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        Response.Headers.CacheControl = "no-store";
        if (party.SendsPagesToSignIn && HttpMethods.IsGet(Request.Method) && Request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase))
        {
            Response.Redirect(UriHelper.BuildRelative(Request.PathBase, party.LoginPath, QueryString.Create("returnUrl", Request.PathBase + Request.Path + Request.QueryString)));
            return;
        }
        await WriteAsync(StatusCodes.Status401Unauthorized, "Nobody is signed in.", "Sign in and try again.");
    }

    protected override Task HandleForbiddenAsync(AuthenticationProperties properties) =>
        WriteAsync(StatusCodes.Status403Forbidden, "Not allowed.", "Your account may not do this.");

    async Task WriteAsync(int status, string title, string detail)
    {
        Response.StatusCode = status;
        await problems.TryWriteAsync(new ProblemDetailsContext { HttpContext = Context, ProblemDetails = { Status = status, Title = title, Detail = detail } });
    }

    static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "Signed in to {App}; session {Session}")]
        public static partial void SignedIn(ILogger logger, string app, SessionMark session);
    }
}
