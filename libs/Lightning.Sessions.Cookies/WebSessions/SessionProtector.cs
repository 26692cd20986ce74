using System.Buffers.Text;
using Microsoft.AspNetCore.DataProtection;

namespace Lightning.Sessions.Cookies.WebSessions;

/// <summary>
/// Encrypts tickets and tokens, with a purpose per kind and session, so that a value is not valid in another row or
/// column.
/// </summary>
public sealed class SessionProtector(IDataProtectionProvider provider)
{
    const string Purpose = "Lightning.Sessions";

    internal byte[] ProtectTicket(WebSessionOwner owner, byte[] ticket) => TicketProtector(owner).Protect(ticket);

    /// <exception cref="System.Security.Cryptography.CryptographicException">The key is lost or the row was
    /// changed.</exception>
    internal byte[] UnprotectTicket(WebSessionOwner owner, byte[] ticket) => TicketProtector(owner).Unprotect(ticket);

    internal byte[] ProtectTokens(byte[] idHash, SessionTokens tokens) =>
        TokenProtector(idHash).Protect(tokens.Write());

    /// <exception cref="System.Security.Cryptography.CryptographicException">The key is lost or the row was
    /// changed.</exception>
    internal SessionTokens UnprotectTokens(byte[] idHash, byte[] tokens) =>
        SessionTokens.Read(TokenProtector(idHash).Unprotect(tokens));

    IDataProtector TicketProtector(WebSessionOwner owner) =>
        provider.CreateProtector(
            Purpose,
            "ticket",
            Base64Url.EncodeToString(owner.IdHash),
            owner.App,
            owner.SessionId.ToString(),
            owner.Issuer,
            owner.Subject
        );

    IDataProtector TokenProtector(byte[] idHash) =>
        provider.CreateProtector(Purpose, "tokens", Base64Url.EncodeToString(idHash));
}
