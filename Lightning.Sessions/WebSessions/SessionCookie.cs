using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using Lightning.Sessions.RelyingParties;
using Microsoft.AspNetCore.Http;

namespace Lightning.Sessions.WebSessions;

/// <summary>
/// The one thing that the browser holds: 256 random bits, whose SHA-256 is all that is kept. The attributes are fixed, so that they can never
/// disagree with the <c>__Host-</c> prefix (RFC 6265bis, 4.1.3.2).
/// </summary>
sealed class SessionCookie(RelyingParty party)
{
    const int Bytes = 32;

    static CookieOptions Attributes => new() { Secure = true, HttpOnly = true, SameSite = SameSiteMode.Strict, Path = "/", IsEssential = true };

    /// <summary>A value that was never used before, and what is kept of it.</summary>
    public static (string Value, byte[] Hash) New()
    {
        var bytes = RandomNumberGenerator.GetBytes(Bytes);
        return (Base64Url.EncodeToString(bytes), SHA256.HashData(bytes));
    }

    /// <summary>What is kept of the value that the request brings, or null where it brings none that could be ours.</summary>
    public CookieHash? ReadHash(HttpRequest request)
    {
        Span<byte> bytes = stackalloc byte[Bytes], hash = stackalloc byte[CookieHash.Bytes];
        if (!request.Cookies.TryGetValue(party.Cookie, out var value) || value.Length != Base64Url.GetEncodedLength(Bytes)
            || Base64Url.DecodeFromChars(value, bytes, out _, out var written) != OperationStatus.Done || written != Bytes) return null;
        SHA256.HashData(bytes, hash);
        return CookieHash.Of(hash);
    }

    public void Write(HttpResponse response, string value) => response.Cookies.Append(party.Cookie, value, Attributes);

    public void Delete(HttpResponse response) => response.Cookies.Delete(party.Cookie, Attributes);
}
