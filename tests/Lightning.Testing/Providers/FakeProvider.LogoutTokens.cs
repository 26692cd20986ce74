using System.Security.Cryptography;
using System.Text;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Lightning.Testing;

/// <summary>Logout tokens (OpenID Connect Back-Channel Logout 1.0, 2.4), valid except for a test's changes.</summary>
public sealed partial class FakeProvider
{
    int _keyFetches;

    /// <summary>The number of requests for the keys.</summary>
    public int KeyFetches => Volatile.Read(ref _keyFetches);

    /// <summary>Replaces the signing key; the previous one is no longer published.</summary>
    public void RollKeyOver() =>
        _key = new(ECDsa.Create(ECCurve.NamedCurves.nistP256)) { KeyId = $"key-{Guid.NewGuid():N}" };

    /// <summary>An attacker's key with the real key's <c>kid</c>.</summary>
    public SigningCredentials ForgedKey =>
        new(
            new ECDsaSecurityKey(ECDsa.Create(ECCurve.NamedCurves.nistP256)) { KeyId = _key.KeyId },
            SecurityAlgorithms.EcdsaSha256
        );

    /// <summary>
    /// The public key as an HMAC secret, which deceives a verifier that trusts the token's <c>alg</c> (RFC 8725, 2.1).
    /// </summary>
    public SigningCredentials PublicKeyAsSecret =>
        new(
            new SymmetricSecurityKey(
                Encoding.ASCII.GetBytes(Convert.ToBase64String(_key.ECDsa.ExportSubjectPublicKeyInfo()))
            )
            {
                KeyId = _key.KeyId,
            },
            SecurityAlgorithms.HmacSha256
        );

    /// <summary>Issues a logout token with <c>sid</c> and <c>sub</c>, by the test's clock.</summary>
    public string LogoutToken(DateTimeOffset now, Action<SecurityTokenDescriptor>? change = null)
    {
        var descriptor = new SecurityTokenDescriptor
        {
            TokenType = "logout+jwt",
            Claims = new Dictionary<string, object>(StringComparer.Ordinal)
            {
                ["iss"] = Issuer,
                ["aud"] = ClientId,
                ["iat"] = now.ToUnixTimeSeconds(),
                ["exp"] = now.AddMinutes(2).ToUnixTimeSeconds(),
                ["jti"] = Guid.NewGuid().ToString(),
                ["sub"] = Subject.ToString(),
                ["sid"] = Sid.ToString(),
                ["events"] = new Dictionary<string, object>(StringComparer.Ordinal)
                {
                    ["http://schemas.openid.net/event/backchannel-logout"] = new Dictionary<string, object>(
                        StringComparer.Ordinal
                    ),
                },
            },
            SigningCredentials = new SigningCredentials(_key, SecurityAlgorithms.EcdsaSha256),
        };
        change?.Invoke(descriptor);
        return new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(descriptor);
    }
}
