using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.WebUtilities;

namespace Lightning.Identity.Secrets;

/// <summary>Random 256-bit secrets for codes, refresh tokens and handles. Only their SHA-256 hash is stored.</summary>
static class Secret
{
    public static string Create() => WebEncoders.Base64UrlEncode(RandomNumberGenerator.GetBytes(32));

    public static byte[] Hash(string secret) => SHA256.HashData(Encoding.UTF8.GetBytes(secret));

    /// <summary>The SHA-256 hash in base64url.</summary>
    public static string Fingerprint(string secret) => WebEncoders.Base64UrlEncode(Hash(secret));
}
