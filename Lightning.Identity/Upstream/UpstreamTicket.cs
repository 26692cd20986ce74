using System.Globalization;
using System.Security.Claims;
using Lightning.Identity.Web;
using Lightning.ServiceDefaults;
using Microsoft.AspNetCore.Authentication;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;

namespace Lightning.Identity.Upstream;

/// <summary>
/// The user whom an upstream provider authenticated, in an encrypted cookie until they are signed in, registered or
/// linked. It is not a session and expires.
/// </summary>
/// <param name="User">The user at the provider.</param>
/// <param name="IssuedAt">When the provider responded (UTC).</param>
/// <param name="ReturnUrl">The suspended authorization request or account page; null if there is none.</param>
/// <param name="LinkTo">The account to link; null for a sign-in.</param>
/// <param name="PromptedAt">When the provider was asked to reauthenticate the user (UTC); null if it was not.</param>
sealed record UpstreamTicket(
    UpstreamUser User,
    DateTimeOffset IssuedAt,
    string? ReturnUrl,
    Guid? LinkTo,
    DateTimeOffset? PromptedAt
)
{
    public const string Scheme = "upstream";
    const string ReturnUrlItem = "return-url",
        LinkToItem = "link-to",
        PromptedAtItem = "prompted-at",
        Name = "provider";
    static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(15);

    public static void AddUpstreamTicket(AuthenticationBuilder authentication) =>
        authentication.AddCookie(
            Scheme,
            cookie =>
            {
                cookie.Cookie.Name = "__Host-lightning-id-upstream";
                cookie.Cookie.Path = "/";
                cookie.Cookie.HttpOnly = true;
                cookie.Cookie.SecurePolicy = CookieSecurePolicy.Always;
                // Lax: read after the redirect from the provider and when a mailed link is opened.
                cookie.Cookie.SameSite = SameSiteMode.Lax;
                cookie.ExpireTimeSpan = Lifetime;
                cookie.SlidingExpiration = false;
                // Keep only the claims that are read later.
                cookie.Events.OnSigningIn = context =>
                {
                    var kept = context.Principal!.Claims.Where(claim =>
                        claim.Type is "sub" or "name" or "email" or "email_verified" or "auth_time"
                    );
                    context.Principal = new ClaimsPrincipal(new ClaimsIdentity(kept, Scheme));
                    return Task.CompletedTask;
                };
            }
        );

    /// <summary>Stands for an unknown authentication time, which is never recent.</summary>
    public static readonly DateTimeOffset UnknownAuthTime = DateTimeOffset.UnixEpoch;

    /// <summary>The properties of a challenge, which the handler keeps until the provider responds.</summary>
    /// <param name="provider">The provider.</param>
    /// <param name="returnUrl">The suspended authorization request or account page.</param>
    /// <param name="linkTo">The account to link.</param>
    /// <param name="promptedAt">The current time, to require a reauthentication; otherwise null.</param>
    /// <param name="maxAge">How old the authentication may be if no reauthentication is required.</param>
    public static AuthenticationProperties CreateChallenge(
        UpstreamProvider provider,
        string? returnUrl,
        Guid? linkTo,
        DateTimeOffset? promptedAt,
        TimeSpan maxAge
    )
    {
        var properties = new AuthenticationProperties { RedirectUri = Paths.Upstream };
        properties.Items[Name] = provider.Name;
        TraceContinuation.Store(properties);
        if (returnUrl is not null)
            properties.Items[ReturnUrlItem] = returnUrl;
        if (linkTo is { } account)
            properties.Items[LinkToItem] = account.ToString();
        if (promptedAt is { } since)
            properties.Items[PromptedAtItem] = since.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        // OpenID Connect Core 1.0, 3.1.2.1: with max_age, the provider must return auth_time. Zero requires a
        // reauthentication.
        properties.SetParameter<TimeSpan?>(
            OpenIdConnectParameterNames.MaxAge,
            promptedAt is null ? maxAge : TimeSpan.Zero
        );
        return properties;
    }

    /// <summary>Reads the ticket of the browser; null if it has none.</summary>
    public static async Task<UpstreamTicket?> ReadAsync(HttpContext http, UpstreamProviders providers)
    {
        if (await http.AuthenticateAsync(Scheme) is not { Succeeded: true, Ticket: { } ticket })
            return null;
        var items = ticket.Properties.Items;
        if (
            providers.Find(items[Name]) is not { } provider
            || UpstreamUser.Read(provider, ticket.Principal.Claims) is not { } user
        )
            return null;
        var returnUrl = Web.ReturnUrl.Accept(items.TryGetValue(ReturnUrlItem, out var url) ? url : null);
        Guid? linkTo = items.TryGetValue(LinkToItem, out var account) ? Guid.Parse(account!) : null;
        DateTimeOffset? promptedAt = items.TryGetValue(PromptedAtItem, out var since)
            ? DateTimeOffset.FromUnixTimeSeconds(long.Parse(since!, CultureInfo.InvariantCulture))
            : null;
        return new UpstreamTicket(user, ticket.Properties.IssuedUtc!.Value, returnUrl, linkTo, promptedAt);
    }

    /// <summary>Whether the user reauthenticated, if that was required (ASVS 5.0, 10.3.4).</summary>
    public bool IsReauthenticated => PromptedAt is not { } since || User.AuthTime >= since - UpstreamProvider.ClockSkew;

    /// <summary>
    /// When the user authenticated, according to the provider: now if a reauthentication was required and confirmed.
    /// Having asked for it is not enough, because the user can remove max_age from the URL.
    /// </summary>
    public DateTimeOffset ProvedAt(DateTimeOffset now) =>
        AuthTimeOf(User, PromptedAt is not null && IsReauthenticated, now);

    /// <summary>When the user of an ID token authenticated.</summary>
    public static DateTimeOffset AuthTimeOf(UpstreamUser user, bool isReauthenticated, DateTimeOffset now) =>
        isReauthenticated ? now
        : user.AuthTime is not { } at ? UnknownAuthTime
        : at < now ? at
        : now;

    /// <summary>Deletes the ticket, which can be used once.</summary>
    public static Task DeleteAsync(HttpContext http) => http.SignOutAsync(Scheme);
}
