using System.Text;
using Lightning.Identity.Factors;

namespace Lightning.Identity.Tests;

public class TotpTests
{
    /// <summary>The last six of the eight digits in RFC 6238, appendix B.</summary>
    [Theory, Trait("Check", "U06")]
    [InlineData(1111111109, "081804")]
    [InlineData(1111111111, "050471")]
    [InlineData(1234567890, "005924")]
    [InlineData(2000000000, "279037")]
    [InlineData(20000000000, "353130")]
    public void Code_MatchesRfc6238TestVectors(long seconds, string code)
    {
        var key = Encoding.ASCII.GetBytes("12345678901234567890");
        var time = DateTimeOffset.FromUnixTimeSeconds(seconds);
        Totp.Code(key, Totp.StepAt(time)).ShouldBe(code);
        Totp.Match(key, code, time).ShouldBe(seconds / 30);
        Totp.Match(key, code.Insert(3, " "), time.AddSeconds(30)).ShouldBe(seconds / 30);
        Totp.Match(key, code, time.AddSeconds(61)).ShouldBeNull();
        Totp.Match(key, code, time.AddSeconds(-90)).ShouldBeNull();
        Totp.Match(key, "", time).ShouldBeNull();
    }

    [Fact, Trait("Check", "U06")]
    public void Code_IsValidForThirtySeconds()
    {
        var key = Encoding.ASCII.GetBytes("12345678901234567890");
        Totp.Code(key, Totp.StepAt(DateTimeOffset.FromUnixTimeSeconds(59))).ShouldBe("287082");
        Totp.StepAt(DateTimeOffset.FromUnixTimeSeconds(59)).ShouldBe(1);
        Totp.StepAt(DateTimeOffset.FromUnixTimeSeconds(60)).ShouldBe(2);
    }

    /// <summary>RFC 4648, 10, without padding.</summary>
    [Theory]
    [InlineData("", "")]
    [InlineData("f", "MY")]
    [InlineData("fo", "MZXQ")]
    [InlineData("foo", "MZXW6")]
    [InlineData("foob", "MZXW6YQ")]
    [InlineData("fooba", "MZXW6YTB")]
    [InlineData("foobar", "MZXW6YTBOI")]
    public void Text_IsBase32(string bytes, string text) => Totp.Text(Encoding.ASCII.GetBytes(bytes)).ShouldBe(text);
}
