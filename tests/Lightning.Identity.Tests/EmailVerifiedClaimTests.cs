using System.Security.Claims;
using System.Text.Json;
using Lightning.Identity.Upstream;

namespace Lightning.Identity.Tests;

/// <summary>Which values of <c>email_verified</c> count, from an ID token and from UserInfo.</summary>
public class EmailVerifiedClaimTests
{
    [Theory, Trait("Check", "U15")]
    [InlineData("true", false, true)]
    [InlineData("true", true, true)]
    [InlineData("false", false, false)]
    [InlineData("false", true, false)]
    [InlineData("\"true\"", false, false)]
    [InlineData("\"true\"", true, true)]
    [InlineData("\"True\"", false, false)]
    [InlineData("\"false\"", true, false)]
    [InlineData("\"yes\"", true, false)]
    [InlineData("1", false, false)]
    [InlineData("1", true, false)]
    [InlineData("null", true, false)]
    [InlineData("[true]", false, false)]
    [InlineData("{\"value\":true}", true, false)]
    public void EmailVerified_FromUserInfo_CountsIfBooleanOrStringIsAccepted(string json, bool accepts, bool verified)
    {
        var identity = new ClaimsIdentity([new Claim("sub", "1"), new Claim("email", "ada@example.org")]);
        using var userInfo = JsonDocument.Parse($"{{\"email_verified\":{json}}}");

        new EmailVerifiedClaimAction().Run(userInfo.RootElement, identity, "issuer");

        Read(identity, accepts).EmailVerified.ShouldBe(verified);
    }

    [Theory, Trait("Check", "U15")]
    [InlineData("false", ClaimValueTypes.Boolean)]
    [InlineData("true", ClaimValueTypes.String)]
    public void EmailVerified_OfIdToken_IsNotReplacedByUserInfo(string value, string type)
    {
        var identity = new ClaimsIdentity([
            new Claim("sub", "1"),
            new Claim("email", "ada@example.org"),
            new Claim("email_verified", value, type),
        ]);
        using var userInfo = JsonDocument.Parse("""{"email_verified":true}""");

        new EmailVerifiedClaimAction().Run(userInfo.RootElement, identity, "issuer");

        Read(identity, acceptsString: false).EmailVerified.ShouldBeFalse();
    }

    static UpstreamUser Read(ClaimsIdentity identity, bool acceptsString)
    {
        using var provider = new UpstreamProvider(
            "Sky",
            new UpstreamOptions { Authority = "https://sky.example.org", AcceptEmailVerifiedAsString = acceptsString }
        );
        return UpstreamUser.Read(provider, identity.Claims)!;
    }
}
