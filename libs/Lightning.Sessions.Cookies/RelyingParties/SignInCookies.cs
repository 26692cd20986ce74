using System.Globalization;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;

namespace Lightning.Sessions.Cookies.RelyingParties;

/// <summary>
/// The cookies of begun sign-ins. Each name has the time at which the sign-in began, which is how the oldest are found:
/// a browser sends neither age nor expiry.
/// </summary>
static class SignInCookies
{
    /// <summary>How many sign-ins a browser may have begun. Beyond it the oldest are forgotten.</summary>
    public const int MaxBegun = 5;

    /// <summary>
    /// How long a begun sign-in can be completed. Longer than the sign-in page of Lightning.Identity keeps its request.
    /// </summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(1);

    const char Separator = '.';

    /// <summary>Puts the time before the last part of a cookie's name.</summary>
    public static string Stamp(string suffix, DateTimeOffset now) =>
        string.Create(CultureInfo.InvariantCulture, $"{now.ToUnixTimeMilliseconds()}{Separator}{suffix}");

    /// <summary>Removes the time.</summary>
    public static string Unstamp(string text) => text[(text.IndexOf(Separator, StringComparison.Ordinal) + 1)..];

    /// <summary>
    /// Whether the sign-in of this cookie name began so long ago that the browser no longer has the cookie.
    /// </summary>
    public static bool IsExpired(string suffix, DateTimeOffset now) =>
        TimeOf(suffix) is > 0 and var time && now.ToUnixTimeMilliseconds() - time >= Lifetime.TotalMilliseconds;

    /// <summary>
    /// Deletes the browser's oldest cookies of a kind, so that with the new one it has at most <see cref="MaxBegun"/>.
    /// </summary>
    public static void DeleteOldest(HttpContext context, CookieBuilder cookie, DateTimeOffset now)
    {
        var prefix = cookie.Name!;
        var oldest = context
            .Request.Cookies.Keys.Where(name => name.StartsWith(prefix, StringComparison.Ordinal))
            .OrderByDescending(name => TimeOf(name.AsSpan(prefix.Length)))
            .Skip(MaxBegun - 1);
        foreach (var name in oldest)
            context.Response.Cookies.Delete(name, cookie.Build(context, now));
    }

    /// <summary>The time in Unix milliseconds; 0 if the name has none, so that the cookie is deleted first.</summary>
    static long TimeOf(ReadOnlySpan<char> suffix) =>
        suffix.IndexOf(Separator) is > 0 and var length
        && long.TryParse(suffix[..length], NumberStyles.None, CultureInfo.InvariantCulture, out var time)
            ? time
            : 0;

    /// <summary>Protects the nonce, which is the last part of its cookie's name.</summary>
    public sealed class NonceFormat(ISecureDataFormat<string> inner, TimeProvider clock) : ISecureDataFormat<string>
    {
        public string Protect(string data) => Protect(data, null);

        public string Protect(string data, string? purpose) => Stamp(inner.Protect(data, purpose), clock.GetUtcNow());

        public string? Unprotect(string? protectedText) => Unprotect(protectedText, null);

        public string? Unprotect(string? protectedText, string? purpose) =>
            protectedText is null ? null : inner.Unprotect(Unstamp(protectedText), purpose);
    }
}
