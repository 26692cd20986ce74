using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Lightning.Api;

/// <summary>
/// Writes the OpenAPI document to a file. The front end's types are generated from it.
/// </summary>
static class ApiDocumentFile
{
    /// <summary>The configuration key with the path.</summary>
    const string Key = "Api:WriteDocument";

    /// <summary>Indented, so that diffs are readable.</summary>
    static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>
    /// Writes the document if <c>Api:WriteDocument</c> names a file. Returns whether it did; the API then should not
    /// start. Call after all endpoints are mapped.
    /// </summary>
    public static async Task<bool> WriteDocumentAsync(this WebApplication app)
    {
        if (app.Configuration[Key] is not { Length: > 0 } path)
            return false;
        // Registers the endpoints as a start would, but needs neither a server nor a database.
        app.UseRouting();
        app.UseEndpoints(_ => { });
        var document = await app
            .Services.GetRequiredKeyedService<IOpenApiDocumentProvider>("v1")
            .GetOpenApiDocumentAsync();
        await File.WriteAllTextAsync(path, Format(await document.SerializeAsJsonAsync(OpenApiSpecVersion.OpenApi3_1)));
        return true;
    }

    /// <summary>Formats JSON as in the file.</summary>
    public static string Format(string json) => JsonNode.Parse(json)!.ToJsonString(Indented) + "\n";
}
