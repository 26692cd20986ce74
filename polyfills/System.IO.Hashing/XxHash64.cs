using System.Buffers.Binary;
using System.Numerics;

namespace System.IO.Hashing;

/// <summary>XXH64: a fast hash that is not for secrets. https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md</summary>
public sealed class XxHash64
{
    const ulong Prime1 = 0x9E3779B185EBCA87, Prime2 = 0xC2B2AE3D27D4EB4F, Prime3 = 0x165667B19E3779F9,
        Prime4 = 0x85EBCA77C2B2AE63, Prime5 = 0x27D4EB2F165667C5;

    XxHash64()
    {
    }

    /// <summary>The hash as eight bytes, big-endian.</summary>
    public static byte[] Hash(byte[] source) => Hash((ReadOnlySpan<byte>)source);

    /// <summary>The hash as eight bytes, big-endian.</summary>
    public static byte[] Hash(byte[] source, long seed) => Hash((ReadOnlySpan<byte>)source, seed);

    /// <summary>The hash as eight bytes, big-endian.</summary>
    public static byte[] Hash(ReadOnlySpan<byte> source, long seed = 0)
    {
        var bytes = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, HashToUInt64(source, seed));
        return bytes;
    }

    /// <summary>The hash as a number.</summary>
    public static ulong HashToUInt64(ReadOnlySpan<byte> source, long seed = 0)
    {
        var rest = source;
        var hash = unchecked((ulong)seed);
        hash = rest.Length >= 32 ? Stripes(ref rest, hash) : unchecked(hash + Prime5);
        unchecked
        {
            hash += (ulong)source.Length;
            for (; rest.Length >= 8; rest = rest[8..])
                hash = BitOperations.RotateLeft(hash ^ Round(0, BinaryPrimitives.ReadUInt64LittleEndian(rest)), 27) * Prime1 + Prime4;
            if (rest.Length >= 4)
            {
                hash = BitOperations.RotateLeft(hash ^ BinaryPrimitives.ReadUInt32LittleEndian(rest) * Prime1, 23) * Prime2 + Prime3;
                rest = rest[4..];
            }
            foreach (var last in rest)
                hash = BitOperations.RotateLeft(hash ^ last * Prime5, 11) * Prime1;
            hash = (hash ^ (hash >> 33)) * Prime2;
            hash = (hash ^ (hash >> 29)) * Prime3;
            return hash ^ (hash >> 32);
        }
    }

    static ulong Stripes(ref ReadOnlySpan<byte> rest, ulong seed)
    {
        unchecked
        {
            ulong one = seed + Prime1 + Prime2, two = seed + Prime2, three = seed, four = seed - Prime1;
            for (; rest.Length >= 32; rest = rest[32..])
            {
                one = Round(one, BinaryPrimitives.ReadUInt64LittleEndian(rest));
                two = Round(two, BinaryPrimitives.ReadUInt64LittleEndian(rest[8..]));
                three = Round(three, BinaryPrimitives.ReadUInt64LittleEndian(rest[16..]));
                four = Round(four, BinaryPrimitives.ReadUInt64LittleEndian(rest[24..]));
            }
            var hash = BitOperations.RotateLeft(one, 1) + BitOperations.RotateLeft(two, 7)
                + BitOperations.RotateLeft(three, 12) + BitOperations.RotateLeft(four, 18);
            foreach (var lane in (ReadOnlySpan<ulong>)[one, two, three, four])
                hash = (hash ^ Round(0, lane)) * Prime1 + Prime4;
            return hash;
        }
    }

    static ulong Round(ulong lane, ulong input) => unchecked(BitOperations.RotateLeft(lane + input * Prime2, 31) * Prime1);
}
