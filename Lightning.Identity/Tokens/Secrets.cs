using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.WebUtilities;

namespace Lightning.Identity.Tokens;

/// <summary>Codes, refresh tokens and handles: 256 random bits, of which only the SHA-256 is kept.</summary>
static class Secrets
{
    public static string Create() => WebEncoders.Base64UrlEncode(RandomNumberGenerator.GetBytes(32));

    public static byte[] Hash(string secret) => SHA256.HashData(Encoding.UTF8.GetBytes(secret));

    /// <summary>The hash as text.</summary>
    public static string Fingerprint(string secret) => WebEncoders.Base64UrlEncode(Hash(secret));
}
