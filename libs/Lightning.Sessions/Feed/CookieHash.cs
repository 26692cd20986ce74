using System.Buffers;
using System.Runtime.InteropServices;

namespace Lightning.Sessions.Feed;

/// <summary>
/// The SHA-256 hash of a session cookie's value, and the key of its session. A struct, so that lookups do not allocate.
/// </summary>
public readonly record struct CookieHash(ulong First, ulong Second, ulong Third, ulong Fourth)
{
    /// <summary>The length of a hash in bytes.</summary>
    public const int Bytes = 32;

    internal static CookieHash FromBytes(ReadOnlySpan<byte> hash) =>
        hash.Length == Bytes
            ? MemoryMarshal.Read<CookieHash>(hash)
            : throw new ArgumentException("A SHA-256 has 32 bytes.", nameof(hash));

    internal static bool TryParse(string hex, out CookieHash hash)
    {
        Span<byte> bytes = stackalloc byte[Bytes];
        var isHash =
            Convert.FromHexString(hex, bytes, out var read, out var written) == OperationStatus.Done
            && read == hex.Length
            && written == Bytes;
        hash = isHash ? FromBytes(bytes) : default;
        return isHash;
    }

    internal byte[] ToArray()
    {
        var bytes = new byte[Bytes];
        MemoryMarshal.Write(bytes, in this);
        return bytes;
    }

    /// <summary>Any 32 bits of a SHA-256 hash are uniformly distributed.</summary>
    public override int GetHashCode() => (int)First;

    /// <summary>Lowercase hex, as in notifications of the change feed.</summary>
    public override string ToString() => Convert.ToHexStringLower(ToArray());
}
