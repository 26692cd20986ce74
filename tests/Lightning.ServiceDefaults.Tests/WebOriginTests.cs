namespace Lightning.ServiceDefaults.Tests;

public class WebOriginTests
{
    [Theory]
    [InlineData("https://app.example.com", true)]
    [InlineData("https://app.example.com:8443", true)]
    [InlineData("http://localhost:5107", false)]
    [InlineData("http://127.0.0.1:5107", false)]
    public void Validate_accepts_origin(string origin, bool inProduction)
    {
        WebOrigin.Validate("Key", origin, isProduction: false).ShouldBeNull();
        (WebOrigin.Validate("Key", origin, isProduction: true) is null).ShouldBe(inProduction);
    }

    [Theory]
    [InlineData("*")]
    [InlineData("null")]
    [InlineData("")]
    [InlineData("https://app.example.com/")]
    [InlineData("https://app.example.com/path")]
    [InlineData("https://*.example.com")]
    [InlineData("https://APP.example.com")]
    [InlineData("https://app.example.com:443")]
    [InlineData("https://user@app.example.com")]
    [InlineData("http://app.example.com")]
    [InlineData("ftp://app.example.com")]
    [InlineData("app.example.com")]
    public void Validate_rejects_anything_else_with_key_and_fix(string origin)
    {
        var error = WebOrigin.Validate("Api:Origins", origin, isProduction: false);

        error.ShouldNotBeNull();
        error.ShouldStartWith("Api:Origins holds");
        error.ShouldEndWith(".");
        error.ShouldContain(": ");
    }
}
