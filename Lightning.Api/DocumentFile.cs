using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Lightning.Api;

/// <summary>The API's document as a file, for whoever makes something of it without starting the API, such as the front end its types.</summary>
static class DocumentFile
{
    /// <summary>Where to write it to.</summary>
    const string Key = "Api:WriteDocument";

    /// <summary>So that a change of one word is a change of one line.</summary>
    static readonly JsonSerializerOptions Layout = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes the document where <c>Api:WriteDocument</c> names a file; there is nothing else to do then. Call when everything is mapped.</summary>
    public static async Task<bool> WriteDocumentAsync(this WebApplication app)
    {
        if (app.Configuration[Key] is not { Length: > 0 } path) return false;
        // What a start does to make the endpoints known, without a start: neither a server nor a database is needed.
        app.UseRouting();
        app.UseEndpoints(_ => { });
        var document = await app.Services.GetRequiredKeyedService<IOpenApiDocumentProvider>("v1").GetOpenApiDocumentAsync();
        await File.WriteAllTextAsync(path, LayOut(await document.SerializeAsJsonAsync(OpenApiSpecVersion.OpenApi3_1)));
        return true;
    }

    /// <summary>JSON in the layout of the file.</summary>
    public static string LayOut(string json) => JsonNode.Parse(json)!.ToJsonString(Layout) + "\n";
}
