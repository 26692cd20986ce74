using Microsoft.AspNetCore.Http;

namespace Lightning.ServiceDefaults;

/// <summary>
/// The cookie of an antiforgery token, host-bound and always Secure: without that, browsers drop a <c>__Host-</c> cookie and every form is refused.
/// The framework's own switch for it refuses plain http even on loopback, where browsers keep such cookies.
/// </summary>
public sealed class AntiforgeryCookie : CookieBuilder
{
    /// <summary>A cookie of this name, which begins with <c>__Host-</c>: ports share a cookie jar, so it is the application's own.</summary>
    public AntiforgeryCookie(string name)
    {
        Name = name;
        Path = "/";
        HttpOnly = true;
        SameSite = SameSiteMode.Strict;
        IsEssential = true;
    }

    /// <inheritdoc/>
    public override CookieOptions Build(HttpContext context, DateTimeOffset expiresFrom)
    {
        var options = base.Build(context, expiresFrom);
        options.Secure = true;
        return options;
    }
}
