using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.WebUtilities;

namespace Lightning.Identity.Web;

/// <summary>What this service gives a browser to bring back: encrypted, for one purpose, for a time.</summary>
sealed class Seal(IDataProtectionProvider protection, TimeProvider clock)
{
    /// <summary>The value as text that nobody else can read or make.</summary>
    public string Close<T>(string purpose, T value, TimeSpan lifetime) =>
        WebEncoders.Base64UrlEncode(Protector(purpose).Protect(JsonSerializer.SerializeToUtf8Bytes(new Sealed<T>(value, clock.GetUtcNow() + lifetime))));

    /// <summary>The value, or null where it is not ours, not for this purpose, or too old.</summary>
    public T? Open<T>(string purpose, string? text) where T : class
    {
        if (string.IsNullOrEmpty(text)) return null;
        try
        {
            var opened = JsonSerializer.Deserialize<Sealed<T>>(Protector(purpose).Unprotect(WebEncoders.Base64UrlDecode(text)));
            return opened?.GoodUntil > clock.GetUtcNow() ? opened.Value : null;
        }
        catch (Exception foreign) when (foreign is CryptographicException or FormatException)
        {
            return null;
        }
    }

    /// <summary>Gives the browser a sealed value to keep.</summary>
    public void WriteCookie<T>(HttpContext http, string name, T value, TimeSpan lifetime, SameSiteMode sameSite = SameSiteMode.Lax) =>
        http.Response.Cookies.Append(name, Close(name, value, lifetime), Options(sameSite, lifetime));

    /// <summary>What the browser kept.</summary>
    public T? ReadCookie<T>(HttpContext http, string name) where T : class => Open<T>(name, http.Request.Cookies[name]);

    public static void DeleteCookie(HttpContext http, string name) => http.Response.Cookies.Delete(name, Options(SameSiteMode.Lax, null));

    static CookieOptions Options(SameSiteMode sameSite, TimeSpan? lifetime) => new() { Secure = true, HttpOnly = true, SameSite = sameSite, Path = "/", MaxAge = lifetime };

    IDataProtector Protector(string purpose) => protection.CreateProtector("Lightning.Identity.Seal", purpose);

    sealed record Sealed<T>(T Value, DateTimeOffset GoodUntil);
}
