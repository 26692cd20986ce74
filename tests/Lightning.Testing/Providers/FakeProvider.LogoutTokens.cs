using System.Security.Cryptography;
using System.Text;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Lightning.Testing;

/// <summary>Logout tokens (OpenID Connect Back-Channel Logout 1.0, 2.4), right but for what a test changes.</summary>
public sealed partial class FakeProvider
{
    int _keyFetches;

    /// <summary>How often the keys were asked for.</summary>
    public int KeyFetches => Volatile.Read(ref _keyFetches);

    /// <summary>From now on another key signs, and the one before is gone.</summary>
    public void RollKeyOver() => _key = new(ECDsa.Create(ECCurve.NamedCurves.nistP256)) { KeyId = $"key-{Guid.NewGuid():N}" };

    /// <summary>A key that anybody could make, under the name of the real one.</summary>
    public SigningCredentials ForgedKey =>
        new(new ECDsaSecurityKey(ECDsa.Create(ECCurve.NamedCurves.nistP256)) { KeyId = _key.KeyId }, SecurityAlgorithms.EcdsaSha256);

    /// <summary>The public key as a secret: what a verifier is fooled by that lets the token choose its algorithm (RFC 8725, 2.1).</summary>
    public SigningCredentials PublicKeyAsSecret => new(
        new SymmetricSecurityKey(Encoding.ASCII.GetBytes(Convert.ToBase64String(_key.ECDsa.ExportSubjectPublicKeyInfo()))) { KeyId = _key.KeyId }, SecurityAlgorithms.HmacSha256);

    /// <summary>A logout token by <c>sid</c> and <c>sub</c>; the clock is the test's.</summary>
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
                ["events"] = new Dictionary<string, object>(StringComparer.Ordinal) { ["http://schemas.openid.net/event/backchannel-logout"] = new Dictionary<string, object>(StringComparer.Ordinal) },
            },
            SigningCredentials = new SigningCredentials(_key, SecurityAlgorithms.EcdsaSha256),
        };
        change?.Invoke(descriptor);
        return new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(descriptor);
    }
}
