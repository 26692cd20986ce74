using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using Lightning.Sessions.Feed;
using Microsoft.AspNetCore.Http;

namespace Lightning.Sessions.Cookies.WebSessions;

/// <summary>
/// The session cookie: 256 random bits, of which only the SHA-256 hash is stored. The attributes are fixed, as the
/// <c>__Host-</c> prefix requires (RFC 6265bis, 4.1.3.2).
/// </summary>
public sealed class SessionCookie(RelyingParty party)
{
    const int Bytes = 32;

    static CookieOptions Attributes =>
        new()
        {
            Secure = true,
            HttpOnly = true,
            SameSite = SameSiteMode.Strict,
            Path = "/",
            IsEssential = true,
        };

    /// <summary>A new random value and its hash.</summary>
    internal static (string Value, byte[] Hash) New()
    {
        var bytes = RandomNumberGenerator.GetBytes(Bytes);
        return (Base64Url.EncodeToString(bytes), SHA256.HashData(bytes));
    }

    /// <summary>The hash of the request's cookie; null if it has none or it is malformed.</summary>
    internal CookieHash? ReadHash(HttpRequest request)
    {
        Span<byte> bytes = stackalloc byte[Bytes],
            hash = stackalloc byte[CookieHash.Bytes];
        if (
            !request.Cookies.TryGetValue(party.Cookie, out var value)
            || value.Length != Base64Url.GetEncodedLength(Bytes)
            || Base64Url.DecodeFromChars(value, bytes, out _, out var written) != OperationStatus.Done
            || written != Bytes
        )
            return null;
        SHA256.HashData(bytes, hash);
        return CookieHash.FromBytes(hash);
    }

    internal void Write(HttpResponse response, string value) =>
        response.Cookies.Append(party.Cookie, value, Attributes);

    internal void Delete(HttpResponse response) => response.Cookies.Delete(party.Cookie, Attributes);
}
