namespace Lightning.Identity.Web;

/// <summary>
/// A cookie that is always Secure. The framework's own switch for that refuses plain http even on loopback, where browsers keep such cookies.
/// </summary>
sealed class AntiforgeryCookie : CookieBuilder
{
    public AntiforgeryCookie()
    {
        Name = "__Host-lightning-id-af";
        Path = "/";
        HttpOnly = true;
        SameSite = SameSiteMode.Strict;
        IsEssential = true;
    }

    public override CookieOptions Build(HttpContext context, DateTimeOffset expiresFrom)
    {
        var options = base.Build(context, expiresFrom);
        options.Secure = true;
        return options;
    }
}
