using System.Text.Json;
using System.Text.Json.Nodes;

namespace Lightning.Api.Tests;

/// <summary>The validator that checks every response in these tests.</summary>
public class SchemaTests
{
    [Theory]
    [InlineData("""{"type":"string"}""", "\"a\"", "5")]
    [InlineData("""{"type":["null","string"],"format":"date-time"}""", "null", "\"yesterday\"")]
    [InlineData(
        """{"type":"string","format":"uuid"}""",
        "\"0198d8a2-0000-7000-8000-000000000000\"",
        "\"0198d8a2000070008000000000000000\""
    )]
    [InlineData("""{"type":"integer","format":"int32","minimum":1,"maximum":3}""", "3", "4")]
    [InlineData("""{"type":"integer"}""", "3", "3.5")]
    [InlineData("""{"minimum":1}""", "1", "0")]
    [InlineData("""{"maxLength":2}""", "\"ab\"", "\"abc\"")]
    [InlineData("""{"minLength":1}""", "\"a\"", "\"\"")]
    [InlineData("""{"pattern":"^a+$"}""", "\"aa\"", "\"ab\"")]
    [InlineData(
        """{"type":"object","required":["a"],"properties":{"a":{"type":"boolean"}},"additionalProperties":false}""",
        """{"a":true}""",
        "{}"
    )]
    [InlineData(
        """{"type":"object","properties":{"a":{"type":"boolean"}},"additionalProperties":false}""",
        "{}",
        """{"b":true}"""
    )]
    [InlineData("""{"type":"object","properties":{"a":{"type":"boolean"}}}""", """{"b":1}""", """{"a":1}""")]
    [InlineData("""{"type":"object","additionalProperties":{"type":"boolean"}}""", """{"b":true}""", """{"b":1}""")]
    [InlineData("""{"type":"array","minItems":1,"maxItems":2,"items":{"type":"boolean"}}""", "[true]", "[]")]
    [InlineData("""{"type":"array","maxItems":1,"items":{"type":"boolean"}}""", "[true]", "[true,true]")]
    [InlineData("""{"items":{"$ref":"#/components/schemas/Yes"}}""", "[true]", "[false]")]
    [InlineData("""{"oneOf":[{"type":"string"},{"type":"null"}]}""", "null", "1")]
    [InlineData("""{"anyOf":[{"type":"string"},{"const":1}]}""", "1", "2")]
    [InlineData("""{"allOf":[{"type":"string"},{"enum":["a","b"]}]}""", "\"b\"", "\"c\"")]
    public void Schema_accepts_valid_and_rejects_invalid_values(string schema, string good, string bad)
    {
        var document = JsonNode.Parse("""{"components":{"schemas":{"Yes":{"const":true}}}}""")!;
        Schema.FindError(document, JsonNode.Parse(schema)!, JsonDocument.Parse(good).RootElement).ShouldBeNull();
        Schema.FindError(document, JsonNode.Parse(schema)!, JsonDocument.Parse(bad).RootElement).ShouldNotBeNull();
    }

    [Theory]
    [InlineData("""{"uniqueItems":true}""", "[]")]
    [InlineData("""{"format":"email"}""", "\"a\"")]
    [InlineData("""{"type":"date"}""", "\"a\"")]
    [InlineData("""{"$ref":"https://example.com/schema"}""", "1")]
    public void Schema_with_unsupported_keyword_throws(string schema, string value) =>
        Should.Throw<NotSupportedException>(() =>
            Schema.FindError(new JsonObject(), JsonNode.Parse(schema)!, JsonDocument.Parse(value).RootElement)
        );

    [Theory]
    [InlineData(200, "application/json", """{"items":[],"next":null}""", true)]
    [InlineData(200, "application/json", """{"items":[]}""", false)]
    [InlineData(200, "application/json", """{"items":[],"next":null,"total":0}""", false)]
    [InlineData(200, "text/plain", """{"items":[],"next":null}""", false)]
    [InlineData(418, "application/json", """{"items":[],"next":null}""", false)]
    [InlineData(
        500,
        "application/problem+json",
        """{"type":"/problems/internal-error","title":"t","status":500,"traceId":"1"}""",
        false
    )]
    [InlineData(
        403,
        "application/problem+json",
        """{"type":"/problems/not-allowed","title":"t","status":403,"traceId":"1"}""",
        true
    )]
    [InlineData(
        403,
        "application/problem+json",
        """{"type":"/problems/not-allowed","title":"t","status":404,"traceId":"1"}""",
        false
    )]
    [InlineData(
        403,
        "application/problem+json",
        """{"type":"/problems/not-allowed","title":"t","status":403}""",
        false
    )]
    [InlineData(
        400,
        "application/problem+json",
        """{"type":"/problems/bad-request","title":"t","status":400,"traceId":"1"}""",
        false
    )]
    public async Task Response_that_does_not_match_the_document_throws(
        int status,
        string type,
        string body,
        bool isGood
    )
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "http://localhost/api/v1/notes");
        using var answer = new HttpResponseMessage((System.Net.HttpStatusCode)status)
        {
            Content = new StringContent(body, System.Text.Encoding.UTF8, type),
        };
        var check = () => Contract.OfTheApi.CheckAsync(request, answer, TestContext.Current.CancellationToken);
        if (isGood)
            await check();
        else
            await check.ShouldThrowAsync<ContractException>();
    }
}
