using System.Security.Claims;
using System.Text.Encodings.Web;
using Lightning.ServiceDefaults;
using Lightning.Sessions.Cookies.ExternalProvider;
using Lightning.Sessions.Cookies.Provider;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Extensions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Lightning.Sessions.Cookies.WebSessions;

/// <summary>Options of the session's authentication scheme.</summary>
public sealed class WebSessionOptions : AuthenticationSchemeOptions
{
    /// <summary>Whether a request extends the session's idle timeout; polling should not.</summary>
    public Func<HttpRequest, bool> Slides { get; set; } = _ => true;
}

/// <summary>
/// Authenticates a request by its session cookie. ASP.NET Core's cookie handler is not used: it keeps the session key
/// across sign-ins, and its renewal can write a deleted session back.
/// </summary>
sealed partial class WebSessionHandler(
    IOptionsMonitor<WebSessionOptions> options,
    ILoggerFactory logger,
    UrlEncoder encoder,
    SessionResolver sessions,
    SessionProtector protector,
    SessionCookie cookie,
    RelyingParty party,
    IOptions<RelyingPartyOptions> provider,
    IProblemDetailsService problems
) : SignInAuthenticationHandler<WebSessionOptions>(options, logger, encoder)
{
    static readonly string[] KeptClaims = ["iss", "sub", "sid", "amr"];

    // Resolved lazily: a request with a cached session needs no database context.
    WebSessionStore Store => Context.RequestServices.GetRequiredService<WebSessionStore>();

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync() =>
        await sessions.FindAsync(Context) is { } session
            ? AuthenticateResult.Success(session.Ticket)
            : AuthenticateResult.NoResult();

    /// <summary>
    /// Issues a new cookie value at every sign-in, against session fixation (ASVS 5.0, 7.2.4).
    /// </summary>
    protected override async Task HandleSignInAsync(ClaimsPrincipal user, AuthenticationProperties? properties)
    {
        properties = properties?.Clone() ?? new AuthenticationProperties();
        var sidClaim = Guid.TryParse(user.FindFirst("sid")?.Value, out var parsed) ? parsed : (Guid?)null;
        if (
            user.FindFirst("iss") is not { } issuer
            || user.FindFirst("sub") is not { } subject
            || (sidClaim is null && !provider.Value.ExternalProvider)
        )
            throw new SignInRefusedException("The provider's ID token has no session.");
        if (SessionTokens.Take(properties) is not var (tokens, expiresAt))
            throw new SignInRefusedException("The provider returned no access token.");

        var (value, idHash) = SessionCookie.New();
        var replaces = new[] { cookie.ReadHash(Request)?.ToArray(), ReplacedSession.Take(properties) }
            .OfType<byte[]>()
            .ToArray();
        var external = provider.Value.ExternalProvider
            ? ExternalSignIn.Read(user, properties, Context, provider.Value)
            : null;
        var authTime = external?.AuthTime ?? AuthenticationTime.Read(user) ?? DateTimeOffset.UnixEpoch;
        var identity = new ClaimsIdentity(
            user.Claims.Where(claim => KeptClaims.Contains(claim.Type, StringComparer.Ordinal))
                .Append(AuthenticationTime.Create(authTime)),
            Scheme.Name,
            "sub",
            null
        );
        var ticket = new AuthenticationTicket(
            new ClaimsPrincipal(identity),
            new AuthenticationProperties(),
            Scheme.Name
        );
        var sid =
            await Store.InsertAsync(
                new NewSession
                {
                    IdHash = idHash,
                    Sid = external is null ? sidClaim : null,
                    External = external,
                    Issuer = issuer.Value,
                    Subject = subject.Value,
                    ProtectTicket = owner => protector.ProtectTicket(owner, TicketSerializer.Default.Serialize(ticket)),
                    Tokens = protector.ProtectTokens(idHash, tokens),
                    TokenExpiresAt = expiresAt,
                    Replaces = replaces,
                },
                Context.RequestAborted
            ) ?? throw new SignInRefusedException("The session at the provider has ended, or the account is disabled.");

        cookie.Write(Response, value);
        // A separate logger, because Information of the handler's own is filtered out.
        Log.SignedIn(
            Context
                .RequestServices.GetRequiredService<ILoggerFactory>()
                .CreateLogger(typeof(WebSessionHandler).Namespace!),
            party.App,
            new SessionLogId(sid)
        );
    }

    protected override async Task HandleSignOutAsync(AuthenticationProperties? properties)
    {
        if (cookie.ReadHash(Request) is { } hash)
            await Store.DeleteAsync(hash.ToArray(), Context.RequestAborted);
        cookie.Delete(Response);
    }

    /// <summary>Answers 401, or redirects a page request to sign-in if the application wants that.</summary>
    protected override async Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        Response.Headers.CacheControl = "no-store";
        if (
            party.RedirectsPagesToSignIn
            && (HttpMethods.IsGet(Request.Method) || HttpMethods.IsHead(Request.Method))
            && Request.PrefersHtml()
        )
        {
            Response.Redirect(
                UriHelper.BuildRelative(
                    Request.PathBase,
                    party.LoginPath,
                    QueryString.Create("returnUrl", Request.PathBase + Request.Path + Request.QueryString)
                )
            );
            return;
        }
        await WriteAsync(StatusCodes.Status401Unauthorized, "You are not signed in.", "Sign in and try again.");
    }

    protected override Task HandleForbiddenAsync(AuthenticationProperties properties) =>
        WriteAsync(StatusCodes.Status403Forbidden, "Not allowed.", "Your account may not do this.");

    async Task WriteAsync(int status, string title, string detail)
    {
        Response.StatusCode = status;
        await problems.TryWriteAsync(
            new ProblemDetailsContext
            {
                HttpContext = Context,
                ProblemDetails =
                {
                    Status = status,
                    Title = title,
                    Detail = detail,
                },
            }
        );
    }

    static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "Signed in to {App}; session {Session}")]
        public static partial void SignedIn(ILogger logger, string app, SessionLogId session);
    }
}
