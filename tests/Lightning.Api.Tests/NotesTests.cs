using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Lightning.Testing;

namespace Lightning.Api.Tests;

public class NotesTests(ApiUnderTest api, PostgresServer server) : IClassFixture<ApiUnderTest>
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Note_can_be_created_read_updated_and_deleted()
    {
        var ada = (await api.SignInAsync("ada")).Client;
        var created = await WriteAsync(ada, "Milk", "two bottles");
        created.StatusCode.ShouldBe(HttpStatusCode.Created);
        var uri = created.Headers.Location!;

        var read = await ada.GetAsync(uri, Cancellation);
        read.Headers.ETag.ShouldBe(created.Headers.ETag);
        (await created.Content.ReadAsStringAsync(Cancellation)).ShouldBe(
            await read.Content.ReadAsStringAsync(Cancellation)
        );

        var changed = await PutAsync(
            ada,
            uri,
            new { title = "Milk", body = "three bottles" },
            read.Headers.ETag!.ToString()
        );
        changed.StatusCode.ShouldBe(HttpStatusCode.OK);
        changed.Headers.ETag.ShouldNotBe(read.Headers.ETag);

        (await DeleteAsync(ada, uri, changed.Headers.ETag!.ToString())).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        (await ada.GetAsync(uri, Cancellation)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Write_without_If_Match_is_428_and_with_a_stale_one_412()
    {
        var ada = (await api.SignInAsync("ada")).Client;
        var written = await WriteAsync(ada, "One", "");
        var (uri, stale) = (written.Headers.Location!, written.Headers.ETag!.ToString());
        (await PutAsync(ada, uri, new { title = "Two", body = "" }, null)).StatusCode.ShouldBe(
            HttpStatusCode.PreconditionRequired
        );
        (await PutAsync(ada, uri, new { title = "Two", body = "" }, stale)).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await PutAsync(ada, uri, new { title = "Three", body = "" }, stale)).StatusCode.ShouldBe(
            HttpStatusCode.PreconditionFailed
        );
        (await DeleteAsync(ada, uri, stale)).StatusCode.ShouldBe(HttpStatusCode.PreconditionFailed);
        (await ada.GetFromJsonAsync<JsonElement>(uri, Cancellation)).GetProperty("title").GetString().ShouldBe("Two");
    }

    [Fact]
    public async Task Concurrent_writes_to_one_version_succeed_once()
    {
        var ada = (await api.SignInAsync("ada")).Client;
        var written = await WriteAsync(ada, "Race", "");
        var answers = await Task.WhenAll(
            Enumerable
                .Range(0, 10)
                .Select(number =>
                    PutAsync(
                        ada,
                        written.Headers.Location!,
                        new { title = $"Race {number}", body = "" },
                        written.Headers.ETag!.ToString()
                    )
                )
        );
        answers.Count(answer => answer.StatusCode == HttpStatusCode.OK).ShouldBe(1);
        answers.Count(answer => answer.StatusCode == HttpStatusCode.PreconditionFailed).ShouldBe(9);
    }

    [Fact]
    public async Task Get_with_a_current_If_None_Match_is_304()
    {
        var ada = (await api.SignInAsync("ada")).Client;
        var written = await WriteAsync(ada, "Known", "");
        using var request = new HttpRequestMessage(HttpMethod.Get, written.Headers.Location);
        request.Headers.TryAddWithoutValidation("If-None-Match", written.Headers.ETag!.ToString());
        (await ada.SendAsync(request, Cancellation)).StatusCode.ShouldBe(HttpStatusCode.NotModified);
    }

    [Fact]
    public async Task List_pages_have_each_note_once_in_order()
    {
        var ada = (await api.SignInAsync("ada")).Client;
        foreach (var number in Enumerable.Range(0, 7))
            await WriteAsync(ada, $"Note {number}", "");
        var (titles, next, pages) = (new List<string>(), (string?)null, 0);
        do
        {
            var response = await ada.GetAsync($"/api/v1/notes?limit=3&after={next}", Cancellation);
            var page = await response.Content.ReadFromJsonAsync<JsonElement>(Cancellation);
            titles.AddRange(
                page.GetProperty("items").EnumerateArray().Select(note => note.GetProperty("title").GetString()!)
            );
            next = page.GetProperty("next").GetString();
            response.Headers.Contains("Link").ShouldBe(next is not null);
            pages++;
        } while (next is not null);
        pages.ShouldBe(3);
        titles.ShouldBe(Enumerable.Range(0, 7).Reverse().Select(number => $"Note {number}"));
    }

    [Theory]
    [InlineData("{", "")]
    [InlineData("[]", "")]
    [InlineData("""{"title":5}""", "title")]
    [InlineData("""{"title":null}""", "title")]
    [InlineData("""{"body":"x"}""", "")]
    [InlineData("""{"title":""}""", "title")]
    [InlineData("""{"title":"x","ownerId":"0198d8a2-0000-7000-8000-000000000000"}""", "ownerId")]
    [InlineData("""{"title":"x","id":"0198d8a2-0000-7000-8000-000000000000"}""", "id")]
    [InlineData("""{"title":"nul \u0000"}""", "title")]
    [InlineData("""{"title":"half a pair \ud800"}""", "title")]
    public async Task Invalid_body_is_400_and_names_the_field(string json, string field)
    {
        var ada = (await api.SignInAsync("ada")).Client;
        var response = await ada.PostAsync(
            "/api/v1/notes",
            new StringContent(json, Encoding.UTF8, "application/json"),
            Cancellation
        );
        var text = await response.Content.ReadAsStringAsync(Cancellation);
        response.StatusCode.ShouldBe(HttpStatusCode.BadRequest, text);
        response.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
        text.ShouldNotContain("Lightning.Api");
        JsonDocument
            .Parse(text)
            .RootElement.GetProperty("errors")
            .EnumerateObject()
            .Select(error => error.Name)
            .ShouldHaveSingleItem(text)
            .ShouldBe(field, text);
    }

    [Theory]
    [InlineData("POST", "/api/v1/notes", """{"title":"x","body":"a\u0000"}""", "body")]
    [InlineData("POST", "/api/v1/notes/archive", """{"ids":[],"archived":true}""", "ids")]
    [InlineData("PUT", "/api/v1/users/{user}", """{"name":""}""", "name")]
    [InlineData("PUT", "/api/v1/users/{user}", """{"name":" \u00A0"}""", "name")]
    [InlineData("PUT", "/api/v1/users/{user}", """{"name":"\u200B\u3164"}""", "name")]
    [InlineData("PUT", "/api/v1/users/{user}", """{"name":"Ada \u202Enimda"}""", "name")]
    [InlineData("PUT", "/api/v1/users/{user}", """{"name":"\u2067Ada"}""", "name")]
    [InlineData("PUT", "/api/v1/users/{user}", """{"name":"Ada\u0000"}""", "name")]
    [InlineData("PUT", "/api/v1/users/{user}", """{"name":"Ada\u2028x"}""", "name")]
    [InlineData("GET", "/api/v1/users?limit=0", null, "limit")]
    public async Task Invalid_request_names_the_field_as_json(string method, string path, string? json, string field)
    {
        var ada = await api.SignInAsync("ada", isAdmin: true);

        var response = await ada.CallAsync(
            new(method),
            path.Replace("{user}", $"{ada.User.Id}", StringComparison.Ordinal),
            json is null ? null : JsonNode.Parse(json),
            "*"
        );

        response.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await response.JsonAsync())
            .GetProperty("errors")
            .EnumerateObject()
            .Select(error => error.Name)
            .ShouldBe([field]);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData(" \n")]
    [InlineData("null")]
    public async Task Missing_body_is_400_about_the_body(string? body)
    {
        var ada = (await api.SignInAsync("ada")).Client;
        using var content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json");

        var response = await ada.PostAsync("/api/v1/notes", content, Cancellation);

        response.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        var problem = await response.JsonAsync();
        problem
            .GetProperty("detail")
            .GetString()
            .ShouldBe("The request has no body. Send the operation's JSON in the body.");
        problem.GetProperty("errors").ToString().ShouldBe("""{"":["Required."]}""");
    }

    [Theory]
    [InlineData("POST", "/api/v1/notes", "text/plain")]
    [InlineData("POST", "/api/v1/notes", "application/x-www-form-urlencoded")]
    [InlineData("POST", "/api/v1/notes/archive", "application/xml")]
    [InlineData("POST", "/api/v1/notes", null)]
    [InlineData("PUT", "/api/v1/users/{user}", "text/plain")]
    public async Task Body_of_another_media_type_is_a_415_problem(string method, string path, string? type)
    {
        var ada = await api.SignInAsync("ada");
        using var request = new HttpRequestMessage(
            new(method),
            path.Replace("{user}", $"{ada.User.Id}", StringComparison.Ordinal)
        )
        {
            Content = new ByteArrayContent("{}"u8.ToArray()),
        };
        request.Headers.IfMatch.Add(System.Net.Http.Headers.EntityTagHeaderValue.Any);
        if (type is not null)
            request.Content.Headers.ContentType = new(type);

        var response = await ada.Client.SendAsync(request, Cancellation);

        response.StatusCode.ShouldBe(HttpStatusCode.UnsupportedMediaType);
        response.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
        var problem = await response.JsonAsync();
        problem.GetProperty("type").GetString().ShouldBe("/problems/unsupported-media-type");
        problem.ToString().ShouldNotContain("Lightning.Api");
    }

    [Fact]
    public async Task Title_over_the_maximum_length_is_400()
    {
        var ada = (await api.SignInAsync("ada")).Client;
        (await WriteAsync(ada, new string('x', 200), "")).StatusCode.ShouldBe(HttpStatusCode.Created);
        (await WriteAsync(ada, new string('x', 201), "")).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Theory]
    [InlineData("limit=0")]
    [InlineData("limit=101")]
    [InlineData("limit=ten")]
    [InlineData("after=nonsense")]
    [InlineData("after=OTk5OTk5OTk5OTk5OTk5OTk5OTkueA")]
    public async Task List_with_an_invalid_query_is_400(string query)
    {
        var ada = (await api.SignInAsync("ada")).Client;
        var response = await ada.GetAsync($"/api/v1/notes?{query}", Cancellation);
        response.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        response.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
    }

    [Fact]
    public async Task Document_is_OpenAPI_3_1_with_all_operations()
    {
        var document = await api.Anonymous().GetFromJsonAsync<JsonElement>("/openapi/v1.json", Cancellation);
        document.GetProperty("openapi").GetString().ShouldStartWith("3.1");
        var operations = document
            .GetProperty("paths")
            .EnumerateObject()
            .SelectMany(path => path.Value.EnumerateObject())
            .Select(operation => operation.Value)
            .ToArray();
        operations.Length.ShouldBeGreaterThan(20);
        operations.ShouldAllBe(operation =>
            operation.GetProperty("operationId").GetString() != "" && operation.GetProperty("summary").GetString() != ""
        );
    }

    [Fact]
    public async Task Unavailable_database_is_503_with_Retry_After()
    {
        await using var own = new ApiUnderTest(server);
        await own.InitializeAsync();
        var ada = (await own.SignInAsync("ada")).Client;
        (await ada.GetAsync("/api/v1/notes", Cancellation)).StatusCode.ShouldBe(HttpStatusCode.OK);
        await own.Database.DisposeAsync();
        var response = await ada.GetAsync("/api/v1/notes", Cancellation);
        response.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        response.Headers.RetryAfter.ShouldNotBeNull();
    }

    static Task<HttpResponseMessage> WriteAsync(HttpClient client, string title, string body) =>
        client.PostAsJsonAsync("/api/v1/notes", new { title, body }, Cancellation);

    static async Task<HttpResponseMessage> PutAsync(HttpClient client, Uri uri, object note, string? ifMatch)
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, uri) { Content = JsonContent.Create(note) };
        if (ifMatch is not null)
            request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
        return await client.SendAsync(request, Cancellation);
    }

    static async Task<HttpResponseMessage> DeleteAsync(HttpClient client, Uri uri, string? ifMatch)
    {
        using var request = new HttpRequestMessage(HttpMethod.Delete, uri);
        if (ifMatch is not null)
            request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
        return await client.SendAsync(request, Cancellation);
    }
}
