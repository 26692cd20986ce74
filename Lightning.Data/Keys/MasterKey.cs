using System.Security.Cryptography;
using System.Xml.Linq;
using Lightning.ServiceDefaults;
using Microsoft.AspNetCore.DataProtection.XmlEncryption;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Lightning.Data.Keys;

/// <summary>
/// The key that encrypts a service's data-protection key ring. It is configured outside the database and differs by
/// service, so a database dump or another service's key decrypts nothing.
/// </summary>
public sealed class MasterKey
{
    const string Setting = "DataProtection:MasterKey";

    /// <summary>The prefix of keys that the AppHost generates for development.</summary>
    const string DevelopmentMark = "development";
    const int Size = 32,
        NonceSize = 12,
        TagSize = 16;
    readonly byte[] key;

    MasterKey(byte[] key) => this.key = key;

    /// <summary>Reads the key from configuration.</summary>
    /// <param name="configuration">The service's configuration.</param>
    /// <param name="isProduction">Whether to refuse a development key.</param>
    /// <exception cref="ConfigurationException">The key is missing, not 32 bytes of base64, or a refused development
    /// key.</exception>
    public static MasterKey Read(IConfiguration configuration, bool isProduction = false)
    {
        var text = configuration[Setting];
        if (string.IsNullOrEmpty(text))
            throw new ConfigurationException(
                $"{Setting} is not set: give this service 32 random bytes as base64, for instance from `openssl rand "
                    + $"-base64 32`."
            );
        var bytes = new byte[Size + 1];
        if (!Convert.TryFromBase64String(text, bytes, out var length) || length != Size)
            throw new ConfigurationException(
                $"{Setting} is not 32 bytes of base64: make one with `openssl rand -base64 32`."
            );
        if (isProduction && text.StartsWith(DevelopmentMark, StringComparison.Ordinal))
            throw new ConfigurationException(
                $"{Setting} was made for development: give this service 32 random bytes of its own as base64, for "
                    + $"instance from `openssl rand -base64 32`."
            );
        return new MasterKey(bytes[..Size]);
    }

    // The format is nonce, tag, ciphertext.
    internal byte[] Wrap(ReadOnlySpan<byte> plain)
    {
        var wrapped = new byte[NonceSize + TagSize + plain.Length].AsSpan();
        var nonce = wrapped[..NonceSize];
        RandomNumberGenerator.Fill(nonce);
        using var aes = new AesGcm(key, TagSize);
        aes.Encrypt(nonce, plain, wrapped[(NonceSize + TagSize)..], wrapped.Slice(NonceSize, TagSize));
        return wrapped.ToArray();
    }

    internal byte[] Unwrap(ReadOnlySpan<byte> wrapped)
    {
        var plain = new byte[wrapped.Length - NonceSize - TagSize];
        using var aes = new AesGcm(key, TagSize);
        aes.Decrypt(wrapped[..NonceSize], wrapped[(NonceSize + TagSize)..], wrapped.Slice(NonceSize, TagSize), plain);
        return plain;
    }
}

sealed class MasterKeyEncryptor(MasterKey masterKey) : IXmlEncryptor
{
    public EncryptedXmlInfo Encrypt(XElement plaintextElement)
    {
        using var plain = new MemoryStream();
        plaintextElement.Save(plain, SaveOptions.DisableFormatting);
        return new EncryptedXmlInfo(
            new XElement("masterKey", Convert.ToBase64String(masterKey.Wrap(plain.ToArray()))),
            typeof(MasterKeyDecryptor)
        );
    }
}

/// <summary>The key manager creates it by the type name in the stored XML.</summary>
sealed class MasterKeyDecryptor(IServiceProvider services) : IXmlDecryptor
{
    public XElement Decrypt(XElement encryptedElement)
    {
        using var plain = new MemoryStream(
            services.GetRequiredService<MasterKey>().Unwrap(Convert.FromBase64String(encryptedElement.Value))
        );
        return XElement.Load(plain);
    }
}
