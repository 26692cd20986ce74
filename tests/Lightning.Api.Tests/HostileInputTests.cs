using System.Net;
using System.Net.Http.Headers;

namespace Lightning.Api.Tests;

/// <summary>Bodies that no client of ours sends.</summary>
public class HostileInputTests(ApiUnderTest api) : IClassFixture<ApiUnderTest>
{
    [Theory]
    [InlineData("application/json; charset=utf-7", """{"title":"a"}""", HttpStatusCode.UnsupportedMediaType)]
    [InlineData("application/json; charset=no-such-charset", """{"title":"a"}""", HttpStatusCode.UnsupportedMediaType)]
    [InlineData("application/json; charset=utf-8", """{"title":"a"}""", HttpStatusCode.Created)]
    [InlineData("application/json", """{"title":"a","title":"b"}""", HttpStatusCode.BadRequest)]
    [InlineData("application/json", """{"title":"a\u0000b"}""", HttpStatusCode.BadRequest)]
    [InlineData("application/json", "null", HttpStatusCode.BadRequest)]
    [InlineData("text/xml", "<a/>", HttpStatusCode.UnsupportedMediaType)]
    public async Task Note_WrittenStrangely_IsRefusedAndNoFaultOfTheServer(string type, string body, HttpStatusCode expected)
    {
        var person = await api.SignInAsync("ada");
        using var content = new StringContent(body) { Headers = { ContentType = MediaTypeHeaderValue.Parse(type) } };
        using var answer = await person.Client.PostAsync("/api/v1/notes", content, TestContext.Current.CancellationToken);
        answer.StatusCode.ShouldBe(expected);
    }
}
