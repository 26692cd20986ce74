using System.Net.Http.Json;
using System.Text.Json;

namespace Lightning.Api.Tests;

/// <summary>Helpers for requests.</summary>
static class Calls
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static async Task<HttpResponseMessage> CallAsync(
        this Person person,
        HttpMethod method,
        string path,
        object? body = null,
        string? ifMatch = null,
        string? key = null
    )
    {
        using var request = new HttpRequestMessage(method, path)
        {
            Content = body is null ? null : JsonContent.Create(body),
        };
        if (ifMatch is not null)
            request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
        if (key is not null)
            request.Headers.TryAddWithoutValidation("Idempotency-Key", key);
        return await person.Client.SendAsync(request, Cancellation);
    }

    public static Task<HttpResponseMessage> GetAsync(this Person person, string path) =>
        person.CallAsync(HttpMethod.Get, path);

    public static Task<HttpResponseMessage> PostAsync(
        this Person person,
        string path,
        object? body,
        string? key = null
    ) => person.CallAsync(HttpMethod.Post, path, body, key: key);

    public static Task<HttpResponseMessage> PutAsync(
        this Person person,
        string path,
        object? body,
        string ifMatch = "*"
    ) => person.CallAsync(HttpMethod.Put, path, body, ifMatch);

    public static Task<HttpResponseMessage> DeleteAsync(this Person person, string path, string ifMatch = "*") =>
        person.CallAsync(HttpMethod.Delete, path, ifMatch: ifMatch);

    /// <summary>Creates a note.</summary>
    /// <returns>The path of the note.</returns>
    public static async Task<string> WriteAsync(this Person person, string title, string body = "") =>
        (await person.PostAsync("/api/v1/notes", new { title, body }))
            .EnsureSuccessStatusCode()
            .Headers.Location!.ToString();

    /// <summary>Shares a note.</summary>
    /// <returns>The path of the share.</returns>
    public static async Task<string> ShareAsync(this Person person, string note, Person with, bool canEdit = false) =>
        (await person.PostAsync($"{note}/shares", new { address = with.User.Email, canEdit }))
            .EnsureSuccessStatusCode()
            .Headers.Location!.ToString();

    public static async Task<JsonElement> JsonAsync(this HttpResponseMessage answer) =>
        await answer.Content.ReadFromJsonAsync<JsonElement>(Cancellation);

    public static async Task<JsonElement> ReadAsync(this Person person, string path) =>
        await (await person.GetAsync(path)).EnsureSuccessStatusCode().JsonAsync();

    public static async Task<string[]> TitlesAsync(this Person person, string query = "") =>
        [
            .. (await person.ReadAsync($"/api/v1/notes{query}"))
                .GetProperty("items")
                .EnumerateArray()
                .Select(note => note.GetProperty("title").GetString()!),
        ];

    /// <summary>The problem without its trace id.</summary>
    public static async Task<string> WithoutTraceAsync(this HttpResponseMessage response)
    {
        var problem = await response.Content.ReadFromJsonAsync<Dictionary<string, JsonElement>>(Cancellation);
        problem!.Remove("traceId").ShouldBeTrue();
        var headers = string.Join(
            '\n',
            response
                .Headers.Concat(response.Content.Headers)
                .Where(header => header.Key != "Date")
                .Select(header => $"{header.Key}: {string.Join(", ", header.Value)}")
                .Order()
        );
        return $"{response.StatusCode}\n{headers}\n{JsonSerializer.Serialize(problem)}";
    }
}
