using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Lightning.Sessions.Cookies.RelyingParties;

/// <summary>
/// The OpenID Connect handler with a bound on the sign-ins that a browser has begun. Without it their cookies pile up
/// until every server of the host refuses the browser's requests with 431.
/// </summary>
sealed class CodeFlowHandler(
    IOptionsMonitor<OpenIdConnectOptions> options,
    ILoggerFactory logger,
    HtmlEncoder htmlEncoder,
    UrlEncoder encoder
) : OpenIdConnectHandler(options, logger, htmlEncoder, encoder)
{
    const string CorrelationId = "correlation";
    const string Marker = "1";

    /// <summary>Marks the properties of a sign-in that took so long that its cookie has expired.</summary>
    public const string Expired = "expired";

    /// <summary>
    /// Binds the state to this browser by a cookie with a time in its name, and deletes the oldest cookies.
    /// </summary>
    protected override void GenerateCorrelationId(AuthenticationProperties properties)
    {
        ArgumentNullException.ThrowIfNull(properties);
        var now = TimeProvider.GetUtcNow();
        var id = SignInCookies.Stamp(Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32)), now);
        properties.Items[CorrelationId] = id;
        SignInCookies.DeleteOldest(Context, Options.CorrelationCookie, now);
        SignInCookies.DeleteOldest(Context, Options.NonceCookie, now);
        Response.Cookies.Append(
            Options.CorrelationCookie.Name + id,
            Marker,
            Options.CorrelationCookie.Build(Context, now)
        );
    }

    /// <summary>Whether this browser has the state's cookie, which is then deleted: it works once.</summary>
    protected override bool ValidateCorrelationId(AuthenticationProperties properties)
    {
        ArgumentNullException.ThrowIfNull(properties);
        if (!properties.Items.Remove(CorrelationId, out var id) || string.IsNullOrEmpty(id))
            return false;
        var name = Options.CorrelationCookie.Name + id;
        if (Request.Cookies[name] != Marker)
        {
            if (SignInCookies.IsExpired(id, TimeProvider.GetUtcNow()))
                properties.Items[Expired] = "";
            return false;
        }
        Response.Cookies.Delete(name, Options.CorrelationCookie.Build(Context, TimeProvider.GetUtcNow()));
        return true;
    }
}
