using System.Globalization;
using System.Security.Claims;
using Lightning.Identity.Web;
using Lightning.ServiceDefaults;
using Microsoft.AspNetCore.Authentication;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;

namespace Lightning.Identity.Upstream;

/// <summary>
/// What an upstream provider has said of the person at this browser, kept in an encrypted cookie until they are signed in, registered or linked;
/// it is nobody's session, and ends by itself.
/// </summary>
/// <param name="Person">Who they are there.</param>
/// <param name="IssuedAt">When the provider said so, in UTC.</param>
/// <param name="ReturnUrl">The authorization request that waits for them, if one does.</param>
/// <param name="LinkTo">The account that asked to be linked; null where somebody wants to sign in.</param>
/// <param name="AnewSince">When the provider was asked to have them prove anew who they are, in UTC; null where it was not.</param>
sealed record UpstreamTicket(UpstreamPerson Person, DateTimeOffset IssuedAt, string? ReturnUrl, Guid? LinkTo, DateTimeOffset? AnewSince)
{
    public const string Scheme = "upstream";
    const string ReturnUrlItem = "return-url", LinkToItem = "link-to", AnewItem = "anew-since", Name = "provider";
    static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(15);

    public static void AddUpstreamTicket(AuthenticationBuilder authentication) => authentication.AddCookie(Scheme, cookie =>
    {
        cookie.Cookie.Name = "__Host-lightning-id-upstream";
        cookie.Cookie.Path = "/";
        cookie.Cookie.HttpOnly = true;
        cookie.Cookie.SecurePolicy = CookieSecurePolicy.Always;
        // Lax: it is read on the way back from the provider, and when a mailed link is opened.
        cookie.Cookie.SameSite = SameSiteMode.Lax;
        cookie.ExpireTimeSpan = Lifetime;
        cookie.SlidingExpiration = false;
        // Of the ID token, what is asked for later and nothing else.
        cookie.Events.OnSigningIn = context =>
        {
            var kept = context.Principal!.Claims.Where(claim => claim.Type is "sub" or "name" or "email" or "email_verified" or "auth_time");
            context.Principal = new ClaimsPrincipal(new ClaimsIdentity(kept, Scheme));
            return Task.CompletedTask;
        };
    });

    /// <summary>When a proof was made of which nobody says when: what needs a fresh one asks for another.</summary>
    public static readonly DateTimeOffset LongAgo = DateTimeOffset.UnixEpoch;

    /// <summary>What a challenge remembers until the provider answers.</summary>
    /// <param name="provider">The provider.</param>
    /// <param name="returnUrl">The authorization request that waits.</param>
    /// <param name="linkTo">The account that asks to be linked.</param>
    /// <param name="anewSince">Now, where the person is to prove anew who they are.</param>
    /// <param name="longestAgo">How long ago the proof may have been otherwise.</param>
    public static AuthenticationProperties Remember(UpstreamProvider provider, string? returnUrl, Guid? linkTo, DateTimeOffset? anewSince, TimeSpan longestAgo)
    {
        var properties = new AuthenticationProperties { RedirectUri = Paths.Upstream };
        properties.Items[Name] = provider.Name;
        AddressedTraces.Remember(properties);
        if (returnUrl is not null) properties.Items[ReturnUrlItem] = returnUrl;
        if (linkTo is { } account) properties.Items[LinkToItem] = account.ToString();
        if (anewSince is { } since) properties.Items[AnewItem] = since.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        // OpenID Connect Core 1.0, 3.1.2.1: whoever is asked for it has to say in auth_time when the person proved who they are; zero asks for that now.
        properties.SetParameter<TimeSpan?>(OpenIdConnectParameterNames.MaxAge, anewSince is null ? longestAgo : TimeSpan.Zero);
        return properties;
    }

    /// <summary>The ticket of the browser that asks; null where it has none that is good.</summary>
    public static async Task<UpstreamTicket?> ReadAsync(HttpContext http, UpstreamProviders providers)
    {
        if (await http.AuthenticateAsync(Scheme) is not { Succeeded: true, Ticket: { } ticket }) return null;
        var items = ticket.Properties.Items;
        if (providers.Find(items[Name]) is not { } provider || UpstreamPerson.Read(provider, ticket.Principal.Claims) is not { } person) return null;
        var returnUrl = Web.ReturnUrl.Accept(items.TryGetValue(ReturnUrlItem, out var url) ? url : null);
        Guid? linkTo = items.TryGetValue(LinkToItem, out var account) ? Guid.Parse(account!) : null;
        DateTimeOffset? anewSince = items.TryGetValue(AnewItem, out var since) ? DateTimeOffset.FromUnixTimeSeconds(long.Parse(since!, CultureInfo.InvariantCulture)) : null;
        return new UpstreamTicket(person, ticket.Properties.IssuedUtc!.Value, returnUrl, linkTo, anewSince);
    }

    /// <summary>Whether they have proved who they are for this sign-in, where that was asked (ASVS 5.0, 10.3.4).</summary>
    public bool IsProvedAnew => AnewSince is not { } since || Person.AuthTime >= since - UpstreamProvider.ClockSkew;

    /// <summary>
    /// When they proved who they are, as far as the provider says so: now, where it was asked for that and says that it was done. That it was asked alone
    /// counts for nothing: whoever sits at the browser can strike the question from the address that leads there.
    /// </summary>
    public DateTimeOffset ProvedAt(DateTimeOffset now) => Proof(Person, AnewSince is not null && IsProvedAnew, now);

    /// <summary>When an ID token that was got elsewhere says that its person proved who they are.</summary>
    public static DateTimeOffset Proof(UpstreamPerson person, bool anew, DateTimeOffset now) => anew ? now : person.AuthTime is not { } at ? LongAgo : at < now ? at : now;

    /// <summary>Takes it away: it is good once.</summary>
    public static Task EndAsync(HttpContext http) => http.SignOutAsync(Scheme);
}
