using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.WebUtilities;

namespace Lightning.Identity.Secrets;

/// <summary>Encrypts values that a browser stores for this service, each with a purpose and an expiry.</summary>
sealed class StateProtector(IDataProtectionProvider protection, TimeProvider clock)
{
    /// <summary>Encrypts a value.</summary>
    public string Protect<T>(string purpose, T value, TimeSpan lifetime) =>
        WebEncoders.Base64UrlEncode(
            Protector(purpose)
                .Protect(JsonSerializer.SerializeToUtf8Bytes(new Payload<T>(value, clock.GetUtcNow() + lifetime)))
        );

    /// <summary>
    /// Decrypts a value. Returns null if it is invalid, was protected for another purpose, or has expired.
    /// </summary>
    public T? Unprotect<T>(string purpose, string? text)
        where T : class
    {
        if (string.IsNullOrEmpty(text))
            return null;
        try
        {
            var payload = JsonSerializer.Deserialize<Payload<T>>(
                Protector(purpose).Unprotect(WebEncoders.Base64UrlDecode(text))
            );
            return payload?.GoodUntil > clock.GetUtcNow() ? payload.Value : null;
        }
        catch (Exception ex) when (ex is CryptographicException or FormatException)
        {
            return null;
        }
    }

    /// <summary>Writes an encrypted cookie.</summary>
    public void WriteCookie<T>(
        HttpContext http,
        string name,
        T value,
        TimeSpan lifetime,
        SameSiteMode sameSite = SameSiteMode.Lax
    ) => http.Response.Cookies.Append(name, Protect(name, value, lifetime), Options(sameSite, lifetime));

    /// <summary>Reads an encrypted cookie; null if it is missing or invalid.</summary>
    public T? ReadCookie<T>(HttpContext http, string name)
        where T : class => Unprotect<T>(name, http.Request.Cookies[name]);

    public static void DeleteCookie(HttpContext http, string name) =>
        http.Response.Cookies.Delete(name, Options(SameSiteMode.Lax, null));

    static CookieOptions Options(SameSiteMode sameSite, TimeSpan? lifetime) =>
        new()
        {
            Secure = true,
            HttpOnly = true,
            SameSite = sameSite,
            Path = "/",
            MaxAge = lifetime,
        };

    IDataProtector Protector(string purpose) => protection.CreateProtector("Lightning.Identity.Seal", purpose);

    sealed record Payload<T>(T Value, DateTimeOffset GoodUntil);
}
