using System.Net;
using System.Net.Http.Headers;

namespace Lightning.Api.Tests;

/// <summary>Malformed and malicious request bodies.</summary>
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
    public async Task Hostile_body_is_rejected_without_a_server_error(string type, string body, HttpStatusCode expected)
    {
        var person = await api.SignInAsync("ada");
        using var content = new StringContent(body) { Headers = { ContentType = MediaTypeHeaderValue.Parse(type) } };
        using var response = await person.Client.PostAsync(
            "/api/v1/notes",
            content,
            TestContext.Current.CancellationToken
        );
        response.StatusCode.ShouldBe(expected);
    }
}
