using System.Net;
using System.Security.Cryptography;
using System.Text;
using Lightning.Testing;
using Microsoft.IdentityModel.Tokens;

namespace Lightning.Identity.Tests;

/// <summary>
/// Responses of an upstream provider with one invalid part each, which must not sign in a user.
/// </summary>
public class UpstreamResponseTests(IdentityWithUpstream identity) : IClassFixture<IdentityWithUpstream>, IDisposable
{
    FakeProvider Upstream => identity.Upstream;

    [Theory, Trait("Check", "C08")]
    [InlineData("iss")]
    [InlineData("iss with a slash")]
    [InlineData("aud")]
    [InlineData("azp")]
    [InlineData("aud twice")]
    [InlineData("exp")]
    [InlineData("no exp")]
    [InlineData("nonce")]
    [InlineData("no nonce")]
    [InlineData("no sub")]
    [InlineData("long sub")]
    public async Task IdToken_WrongClaim_SignsInNoUser(string fault)
    {
        IdentityWithUpstream.Newcomer(Upstream, $"{Guid.NewGuid():N}@example.org");
        var honest = Upstream.IdToken;
        Upstream.IdToken = claims =>
        {
            honest(claims);
            Falsify(claims, fault);
        };
        await identity.ShouldRefuseSignInAsync();
    }

    [Theory, Trait("Check", "C08")]
    [InlineData("unsigned")]
    [InlineData("HS256 by the client's secret")]
    [InlineData("another key")]
    public async Task IdToken_InvalidSignature_SignsInNoUser(string fault)
    {
        IdentityWithUpstream.Newcomer(Upstream, $"{Guid.NewGuid():N}@example.org");
        Upstream.WithoutSignature = fault == "unsigned";
        Upstream.Signer = BadSigner(fault);
        await identity.ShouldRefuseSignInAsync();
    }

    [Theory, Trait("Check", "C06")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Response_WrongOrMissingIssuer_IsRefused(bool left)
    {
        IdentityWithUpstream.Newcomer(Upstream, "mixed@example.org");
        Upstream.ResponseIssuer = left ? null : identity.Other.Issuer;
        await identity.ShouldRefuseSignInAsync();
    }

    [Fact, Trait("Check", "C06")]
    public async Task Response_AtAnotherProvidersRedirectUri_IsRefused()
    {
        IdentityWithUpstream.Newcomer(Upstream, "mixed2@example.org");
        var visitor = identity.Visitor();
        var redeemed = identity.Other.Redemptions.Count;
        using var there = await visitor.GetAsync(
            IdentityWithUpstream.Destination(await IdentityWithUpstream.LeaveAsync(visitor))
        );
        var elsewhere = there
            .Headers.Location!.ToString()
            .Replace("/upstream/sky", "/upstream/sea", StringComparison.Ordinal);
        (await visitor.GetAsync(elsewhere)).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        identity.Other.Redemptions.Count.ShouldBe(redeemed);
    }

    [Fact, Trait("Check", "C04")]
    public async Task State_ReplayedOrFromAnotherBrowser_IsRefused()
    {
        IdentityWithUpstream.Newcomer(Upstream, "replay@example.org");
        var visitor = identity.Visitor();
        using var there = await visitor.GetAsync(
            IdentityWithUpstream.Destination(await IdentityWithUpstream.LeaveAsync(visitor))
        );
        var callback = there.Headers.Location!.ToString();
        (await identity.Visitor().GetAsync(callback)).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await visitor.GetAsync(callback)).Headers.Location!.ToString().ShouldBe("/account/upstream");
        (await visitor.GetAsync(callback)).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    internal static SigningCredentials? BadSigner(string fault) =>
        fault switch
        {
            "HS256 by the client's secret" => new SigningCredentials(
                new SymmetricSecurityKey(Encoding.UTF8.GetBytes(FakeProvider.ClientSecret)) { KeyId = "key-1" },
                SecurityAlgorithms.HmacSha256
            ),
            "another key" => new SigningCredentials(
                new ECDsaSecurityKey(ECDsa.Create(ECCurve.NamedCurves.nistP256)) { KeyId = "key-1" },
                SecurityAlgorithms.EcdsaSha256
            ),
            _ => null,
        };

    internal static void Falsify(Dictionary<string, object> claims, string fault)
    {
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        switch (fault)
        {
            case "iss":
                claims["iss"] = "https://evil.example";
                break;
            case "iss with a slash":
                claims["iss"] += "/";
                break;
            case "aud":
                claims["aud"] = "another-client";
                break;
            case "azp":
                claims["azp"] = "another-client";
                break;
            case "aud twice":
                claims["aud"] = new[] { (string)claims["aud"], "another-client" };
                break;
            case "exp":
                claims["exp"] = now - 120;
                break;
            case "no exp":
                claims.Remove("exp");
                break;
            case "iat":
                claims["iat"] = now + 3600;
                break;
            case "old iat":
                claims["iat"] = now - 3600;
                break;
            case "nonce":
                claims["nonce"] = "another";
                break;
            case "no nonce":
                claims.Remove("nonce");
                break;
            case "no sub":
                claims.Remove("sub");
                break;
            case "long sub":
                claims["sub"] = new string('s', 129);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(fault), fault, "No such fault.");
        }
    }

    /// <summary>Resets the fake provider for the next test.</summary>
    public void Dispose()
    {
        GC.SuppressFinalize(this);
        (Upstream.WithoutSignature, Upstream.Signer, Upstream.ResponseIssuer) = (false, null, Upstream.Issuer);
    }
}
