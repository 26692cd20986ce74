using System.Text;
using Lightning.Data.Accounts;
using Lightning.Identity.Web;
using QRCoder;

namespace Lightning.Identity.Accounts;

/// <summary>A secret on its way into an authenticator app: shown as a QR code, carried by the form until the app has shown a right code.</summary>
/// <param name="Sealed">The secret for the form.</param>
/// <param name="Text">The secret for people who type it, in groups of four.</param>
/// <param name="Picture">The QR code as a data address.</param>
sealed record AuthenticatorSetUp(string Sealed, string Text, string Picture)
{
    const string Purpose = "authenticator";
    static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(30);

    /// <summary>A new secret for an account.</summary>
    public static AuthenticatorSetUp Begin(Seal seal, Account account) => Show(account, Totp.NewKey(), seal);

    /// <summary>The same secret again, where it was made for this account; a new one otherwise.</summary>
    public static AuthenticatorSetUp Again(Seal seal, Account account, string? sealedKey) => Show(account, Open(seal, account, sealedKey) ?? Totp.NewKey(), seal);

    /// <summary>The secret of a form, where it was made for this account.</summary>
    public static byte[]? Open(Seal seal, Account account, string? sealedKey) => seal.Open<byte[]>(PurposeOf(account), sealedKey);

    static AuthenticatorSetUp Show(Account account, byte[] key, Seal seal)
    {
        using var generator = new QRCodeGenerator();
        using var data = generator.CreateQrCode(Totp.Uri(key, "Lightning", account.Email!), QRCodeGenerator.ECCLevel.M);
        using var code = new SvgQRCode(data);
        var picture = $"data:image/svg+xml;base64,{Convert.ToBase64String(Encoding.UTF8.GetBytes(code.GetGraphic(5)))}";
        return new AuthenticatorSetUp(seal.Close(PurposeOf(account), key, Lifetime), string.Join(' ', Totp.Text(key).Chunk(4).Select(part => new string(part))), picture);
    }

    static string PurposeOf(Account account) => $"{Purpose} {account.Id}";
}
