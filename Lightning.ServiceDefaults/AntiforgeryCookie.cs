using Microsoft.AspNetCore.Http;

namespace Lightning.ServiceDefaults;

/// <summary>
/// The antiforgery cookie: host-only and always Secure, because browsers reject a <c>__Host-</c> cookie that is not.
/// <see cref="CookieSecurePolicy.Always"/> cannot be used: it rejects plain HTTP on loopback too.
/// </summary>
public sealed class AntiforgeryCookie : CookieBuilder
{
    /// <summary>Creates a cookie.</summary>
    /// <param name="name">A name with the prefix <c>__Host-</c>, unique per application: ports share cookies.</param>
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
