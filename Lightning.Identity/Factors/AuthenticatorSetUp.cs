using System.Text;
using Lightning.Data.Accounts;
using Lightning.Identity.Secrets;
using QRCoder;

namespace Lightning.Identity.Factors;

/// <summary>A new authenticator key. The form carries it, encrypted, until the user enters a valid code.</summary>
/// <param name="ProtectedKey">The encrypted key for the form.</param>
/// <param name="Text">The key to type, in groups of four.</param>
/// <param name="QrCode">The QR code as a data URI.</param>
sealed record AuthenticatorSetUp(string ProtectedKey, string Text, string QrCode)
{
    const string Purpose = "authenticator";
    static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(30);

    /// <summary>Creates a new key for an account.</summary>
    public static AuthenticatorSetUp Create(StateProtector protector, Account account) =>
        Show(account, Totp.NewKey(), protector);

    /// <summary>Returns the form's key if it belongs to this account, otherwise a new key.</summary>
    public static AuthenticatorSetUp Restore(StateProtector protector, Account account, string? protectedKey) =>
        Show(account, Unprotect(protector, account, protectedKey) ?? Totp.NewKey(), protector);

    /// <summary>Returns the form's key if it belongs to this account, otherwise null.</summary>
    public static byte[]? Unprotect(StateProtector protector, Account account, string? protectedKey) =>
        protector.Unprotect<byte[]>(PurposeOf(account), protectedKey);

    static AuthenticatorSetUp Show(Account account, byte[] key, StateProtector protector)
    {
        using var generator = new QRCodeGenerator();
        using var data = generator.CreateQrCode(Totp.Uri(key, "Lightning", account.Email!), QRCodeGenerator.ECCLevel.M);
        using var code = new SvgQRCode(data);
        var picture = $"data:image/svg+xml;base64,{Convert.ToBase64String(Encoding.UTF8.GetBytes(code.GetGraphic(5)))}";
        return new AuthenticatorSetUp(
            protector.Protect(PurposeOf(account), key, Lifetime),
            string.Join(' ', Totp.Text(key).Chunk(4).Select(part => new string(part))),
            picture
        );
    }

    static string PurposeOf(Account account) => $"{Purpose} {account.Id}";
}
