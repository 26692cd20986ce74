using System.Buffers;
using System.Runtime.InteropServices;

namespace Lightning.Sessions.WebSessions;

/// <summary>SHA-256 of a cookie's value: the key of a session, as a value that can be compared and kept without an array.</summary>
readonly record struct CookieHash(ulong First, ulong Second, ulong Third, ulong Fourth)
{
    public const int Bytes = 32;

    public static CookieHash Of(ReadOnlySpan<byte> hash) =>
        hash.Length == Bytes ? MemoryMarshal.Read<CookieHash>(hash) : throw new ArgumentException("A SHA-256 has 32 bytes.", nameof(hash));

    public static bool TryParse(string hex, out CookieHash hash)
    {
        Span<byte> bytes = stackalloc byte[Bytes];
        var isHash = Convert.FromHexString(hex, bytes, out var read, out var written) == OperationStatus.Done && read == hex.Length && written == Bytes;
        hash = isHash ? Of(bytes) : default;
        return isHash;
    }

    public byte[] ToArray()
    {
        var bytes = new byte[Bytes];
        MemoryMarshal.Write(bytes, in this);
        return bytes;
    }

    /// <summary>Every bit of a SHA-256 is as good as any other.</summary>
    public override int GetHashCode() => (int)First;

    /// <summary>In hex, as the feed has it.</summary>
    public override string ToString() => Convert.ToHexStringLower(ToArray());
}
