using System.Text.Json;
using System.Text.Json.Nodes;

namespace Lightning.Api.Tests;

/// <summary>The document that the front end's types are made of.</summary>
public class DocumentTests(ApiUnderTest api) : IClassFixture<ApiUnderTest>
{
    static readonly JsonSerializerOptions Layout = new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    static string Committed([System.Runtime.CompilerServices.CallerFilePath] string here = "") => Path.Combine(Path.GetDirectoryName(here)!, "../../Lightning.Web/openapi.json");

    [Fact]
    public async Task Document_OfTheFrontEnd_IsTheOneThatTheApiServes()
    {
        var served = JsonNode.Parse(await api.Anonymous().GetStringAsync("/openapi/v1.json", TestContext.Current.CancellationToken))!.ToJsonString(Layout) + "\n";
        if (Environment.GetEnvironmentVariable("LIGHTNING_WRITE_DOCUMENT") == "1") await File.WriteAllTextAsync(Committed(), served, TestContext.Current.CancellationToken);
        (await File.ReadAllTextAsync(Committed(), TestContext.Current.CancellationToken)).ShouldBe(served,
            "Lightning.Web/openapi.json is stale: run this test with LIGHTNING_WRITE_DOCUMENT=1, then `npm run types` in Lightning.Web");
    }

    [Fact]
    public async Task Document_EveryOperation_SaysItsParametersSecurityAndRefusals()
    {
        var document = JsonNode.Parse(await api.Anonymous().GetStringAsync("/openapi/v1.json", TestContext.Current.CancellationToken))!;
        foreach (var (path, operations) in document["paths"]!.AsObject())
            foreach (var (method, operation) in operations!.AsObject())
            {
                var parameters = operation!["parameters"]?.AsArray().Select(parameter => (In: (string)parameter!["in"]!, Name: (string)parameter["name"]!)).ToArray() ?? [];
                var responses = operation["responses"]!.AsObject().Select(response => response.Key).ToArray();
                operation["security"].ShouldNotBeNull($"{method} {path}");
                foreach (var status in new[] { "401", "403" }) responses.ShouldContain(status, $"{method} {path}");
                if (path.Contains("{id}", StringComparison.Ordinal))
                {
                    parameters.ShouldContain(("path", "id"));
                    responses.ShouldContain("404");
                }
                if (method is "put" or "delete")
                {
                    parameters.ShouldContain(("header", "If-Match"));
                    foreach (var status in new[] { "412", "428" }) responses.ShouldContain(status, $"{method} {path}");
                }
                if (method is "post") parameters.ShouldContain(("header", "Idempotency-Key"), path);
                if (operation["requestBody"] is not null) responses.ShouldContain("400", $"{method} {path}");
            }
    }
}
