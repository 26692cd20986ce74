namespace Lightning.ServiceDefaults.Tests;

public class WebOriginTests
{
    [Theory]
    [InlineData("https://app.example.com", true)]
    [InlineData("https://app.example.com:8443", true)]
    [InlineData("http://localhost:5107", false)]
    [InlineData("http://127.0.0.1:5107", false)]
    public void PlainOrigin_IsTaken(string origin, bool inProduction)
    {
        WebOrigin.Fault("Key", origin, isProduction: false).ShouldBeNull();
        (WebOrigin.Fault("Key", origin, isProduction: true) is null).ShouldBe(inProduction);
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
    public void AnythingElse_IsASentenceWithTheKeyAndTheRemedy(string origin)
    {
        var sentence = WebOrigin.Fault("Api:Origins", origin, isProduction: false);
        sentence.ShouldNotBeNull();
        sentence.ShouldStartWith("Api:Origins holds");
        sentence.ShouldEndWith(".");
        sentence.ShouldContain(": ");
    }
}
