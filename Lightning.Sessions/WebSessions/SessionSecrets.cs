using System.Buffers.Text;
using Microsoft.AspNetCore.DataProtection;

namespace Lightning.Sessions.WebSessions;

/// <summary>Encrypts what stands behind a cookie: for one purpose and one session, so that nothing can be moved to another row or column.</summary>
sealed class SessionSecrets(IDataProtectionProvider provider)
{
    const string Purpose = "Lightning.Sessions";

    public byte[] ProtectTicket(byte[] idHash, byte[] ticket) => Protector("ticket", idHash).Protect(ticket);

    /// <exception cref="System.Security.Cryptography.CryptographicException">The key is lost, or the row was changed.</exception>
    public byte[] UnprotectTicket(byte[] idHash, byte[] ticket) => Protector("ticket", idHash).Unprotect(ticket);

    public byte[] ProtectTokens(byte[] idHash, SessionTokens tokens) => Protector("tokens", idHash).Protect(tokens.Write());

    /// <exception cref="System.Security.Cryptography.CryptographicException">The key is lost, or the row was changed.</exception>
    public SessionTokens UnprotectTokens(byte[] idHash, byte[] tokens) => SessionTokens.Read(Protector("tokens", idHash).Unprotect(tokens));

    IDataProtector Protector(string kind, byte[] idHash) => provider.CreateProtector(Purpose, kind, Base64Url.EncodeToString(idHash));
}
