using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Lightning.Identity.Factors;

/// <summary>
/// Codes of authenticator apps (RFC 6238) with the parameters that all apps support: HMAC-SHA-1, six digits, 30
/// seconds.
/// </summary>
static class Totp
{
    static readonly TimeSpan Step = TimeSpan.FromSeconds(30);
    const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

    /// <summary>A new 160-bit key (RFC 4226, 4, R6).</summary>
    public static byte[] NewKey() => RandomNumberGenerator.GetBytes(20);

    /// <summary>The code of a time step.</summary>
    // SHA-1 is what the apps know, and an HMAC needs no resistance against collisions (RFC 6238, 1.2).
#pragma warning disable CA5350
    public static string Code(byte[] key, long step)
    {
        Span<byte> counter = stackalloc byte[8];
        BinaryPrimitives.WriteInt64BigEndian(counter, step);
        Span<byte> hash = stackalloc byte[HMACSHA1.HashSizeInBytes];
        HMACSHA1.HashData(key, counter, hash);
        // RFC 4226, 5.3.
        var number = BinaryPrimitives.ReadInt32BigEndian(hash[(hash[^1] & 0xf)..]) & 0x7fffffff;
        return (number % 1_000_000).ToString("000000", CultureInfo.InvariantCulture);
    }
#pragma warning restore CA5350

    public static long StepAt(DateTimeOffset time) => time.ToUnixTimeSeconds() / (long)Step.TotalSeconds;

    /// <summary>
    /// Returns the time step of a code, allowing one step of clock difference (RFC 6238, 5.2); null if it is wrong.
    /// </summary>
    public static long? Match(byte[] key, string code, DateTimeOffset now)
    {
        long? found = null;
        var typed = Encoding.UTF8.GetBytes(code.Replace(" ", "", StringComparison.Ordinal));
        // Always compare all three, so that timing reveals nothing.
        for (var step = StepAt(now) - 1; step <= StepAt(now) + 1; step++)
            if (CryptographicOperations.FixedTimeEquals(typed, Encoding.UTF8.GetBytes(Code(key, step))))
                found = step;
        return found;
    }

    /// <summary>The key in base 32, to type into an app (RFC 4648, 6).</summary>
    public static string Text(byte[] key)
    {
        var text = new StringBuilder();
        var (buffer, bits) = (0, 0);
        foreach (var part in key)
        {
            (buffer, bits) = (((buffer << 8) | part) & 0xfffff, bits + 8);
            while (bits >= 5)
                text.Append(Alphabet[(buffer >> (bits -= 5)) & 31]);
        }
        if (bits > 0)
            text.Append(Alphabet[(buffer << (5 - bits)) & 31]);
        return text.ToString();
    }

    /// <summary>The content of the QR code.</summary>
    public static string Uri(byte[] key, string issuer, string account) =>
        $"otpauth://totp/{System.Uri.EscapeDataString(issuer)}:{System.Uri.EscapeDataString(account)}"
        + $"?secret={Text(key)}&issuer={System.Uri.EscapeDataString(issuer)}";
}
