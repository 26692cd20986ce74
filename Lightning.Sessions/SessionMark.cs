using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Lightning.Sessions;

/// <summary>What stands for a session in logs: the same in every service, and no way back to the <c>sid</c> (ASVS 5.0, 16.2.5).</summary>
/// <param name="Sid">The session.</param>
public readonly record struct SessionMark(Guid Sid)
{
    /// <summary>96 bits of the SHA-256.</summary>
    public override string ToString() => Base64Url.EncodeToString(SHA256.HashData(Encoding.UTF8.GetBytes(Sid.ToString())))[..16];
}
