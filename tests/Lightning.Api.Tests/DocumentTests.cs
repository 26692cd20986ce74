using System.Text.Json.Nodes;

namespace Lightning.Api.Tests;

/// <summary>The OpenAPI document from which the front end's types are generated.</summary>
public class DocumentTests(ApiUnderTest api) : IClassFixture<ApiUnderTest>
{
    internal static string Committed([System.Runtime.CompilerServices.CallerFilePath] string here = "") =>
        Path.Combine(Path.GetDirectoryName(here)!, "../../Lightning.Web/openapi.json");

    [Fact]
    public async Task Committed_document_matches_the_served_one()
    {
        var served = ApiDocumentFile.Format(
            await api.Anonymous().GetStringAsync("/openapi/v1.json", TestContext.Current.CancellationToken)
        );
        (await File.ReadAllTextAsync(Committed(), TestContext.Current.CancellationToken)).ShouldBe(
            served,
            "Lightning.Web/openapi.json is stale: build Lightning.Api, run `npm run types` in Lightning.Web, and "
                + "commit both"
        );
    }

    [Fact]
    public async Task Document_has_parameters_security_and_errors_of_each_operation()
    {
        var document = JsonNode.Parse(
            await api.Anonymous().GetStringAsync("/openapi/v1.json", TestContext.Current.CancellationToken)
        )!;
        foreach (var (path, operations) in document["paths"]!.AsObject())
        foreach (var (method, operation) in operations!.AsObject())
        {
            var parameters =
                operation!
                    ["parameters"]
                    ?.AsArray()
                    .Select(parameter => (In: (string)parameter!["in"]!, Name: (string)parameter["name"]!))
                    .ToArray()
                ?? [];
            var responses = operation["responses"]!.AsObject().Select(response => response.Key).ToArray();
            operation["security"].ShouldNotBeNull($"{method} {path}");
            foreach (var status in new[] { "400", "401", "403", "429", "503" })
                responses.ShouldContain(status, $"{method} {path}");
            if (path.Contains("{id}", StringComparison.Ordinal))
            {
                parameters.ShouldContain(("path", "id"));
                responses.ShouldContain("404");
            }
            if (method is "put" or "delete")
            {
                parameters.ShouldContain(("header", "If-Match"));
                foreach (var status in new[] { "412", "428" })
                    responses.ShouldContain(status, $"{method} {path}");
            }
            if (method is "post")
                parameters.ShouldContain(("header", "Idempotency-Key"), path);
            if (operation["requestBody"] is not null)
                foreach (var status in new[] { "413", "415" })
                    responses.ShouldContain(status, $"{method} {path}");
        }
    }
}
