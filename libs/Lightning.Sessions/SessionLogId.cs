using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Lightning.Sessions;

/// <summary>
/// A session's id in logs: a hash of the <c>sid</c>, the same in every service (ASVS 5.0, 16.2.5).
/// </summary>
/// <param name="Sid">The session's id.</param>
public readonly record struct SessionLogId(Guid Sid)
{
    /// <summary>96 bits of the SHA-256 hash, in Base64Url.</summary>
    public override string ToString() =>
        Base64Url.EncodeToString(SHA256.HashData(Encoding.UTF8.GetBytes(Sid.ToString())))[..16];
}
