using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;

namespace Lightning.ServiceDefaults.Tests;

/// <summary>Errors are parsed from framework messages: these tests fail if they change.</summary>
public class BadRequestTests
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("/notes", "{\"title\":\"a\",\"colour\":\"red\"}", "colour", "Unknown property.")]
    [InlineData("/notes", "{}", "", "Missing: title.")]
    [InlineData("/notes", "{\"title\":1}", "title", "Invalid value or syntax at line 1, byte 11.")]
    [InlineData("/notes", "{\"title\"", "", "Invalid value or syntax at line 1, byte 9.")]
    [InlineData("/notes", null, "", "Required.")]
    [InlineData("/notes", "", "", "Required.")]
    [InlineData("/notes", " ", "", "Required.")]
    [InlineData("/notes", "null", "", "Required.")]
    [InlineData("/notes/x", "{\"title\":\"a\"}", "noteNumber", "Invalid value.")]
    public async Task Malformed_request_names_field_and_error(string path, string? body, string field, string message)
    {
        await using var app = await StartAsync();
        using var content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json");

        using var response = await app.GetTestClient().PostAsync(path, content, Cancellation);

        response.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        var errors = (await response.Content.ReadFromJsonAsync<JsonElement>(Cancellation)).GetProperty("errors");
        var error = errors.EnumerateObject().ShouldHaveSingleItem();
        error.Name.ShouldBe(field);
        error.Value.EnumerateArray().Select(text => text.GetString()).ShouldBe([message]);
    }

    static async Task<WebApplication> StartAsync()
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = "Production" });
        builder.WebHost.UseTestServer();
        builder.AddServiceDefaults();
        builder.Services.Configure<RouteHandlerOptions>(options => options.ThrowOnBadRequest = true);
        builder.Services.ConfigureHttpJsonOptions(json =>
            json.SerializerOptions.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow
        );
        var app = builder.Build();
        app.UseServiceDefaults();
        app.MapPost("/notes", (Note note) => note.Title);
        app.MapPost("/notes/{noteNumber}", (int noteNumber, Note note) => note.Title + noteNumber);
        await app.StartAsync(Cancellation);
        return app;
    }

    sealed record Note
    {
        public required string Title { get; init; }
    }
}
