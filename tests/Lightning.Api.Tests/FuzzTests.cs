using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Lightning.Testing;

namespace Lightning.Api.Tests;

/// <summary>
/// Random requests to all operations: no server error, no undocumented response, no data of other users.
/// </summary>
public class FuzzTests(PostgresServer server)
{
    const int Requests = 10_000,
        Seed = 20261122,
        Workers = 8,
        Renewal = 25;
    const string Marker = "of-another-user";

    static readonly string[] Strings =
    [
        "",
        " ",
        "a",
        "null",
        "true",
        "0",
        "-1",
        "%00",
        "\0",
        "\ud800",
        "'; DROP TABLE app.notes; --",
        "%_\\",
        "../..",
        "{{7*7}}",
        "ſİK\u0301",
        "a@example.com",
        "A@EXAMPLE.COM",
        "a@b",
        "title",
        "-updatedAt",
        "2026-01-01T00:00:00Z",
        "\"\"",
        "*",
        "W/\"1\"",
        "\"1\"",
        new string('x', 201),
        new string('ü', 3000),
        "\u202e",
        "\r\n",
        "1e999",
        "[]",
        "{}",
    ];

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Random_requests_get_documented_responses_without_data_of_others()
    {
        await using var api = new ApiUnderTest(server)
        {
            Settings = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["Sessions:RequestsPerMinute"] = "1000000",
            },
        };
        await api.InitializeAsync();
        var (ada, bob, eve) = (
            await api.SignInAsync("ada"),
            await api.SignInAsync("bob"),
            await api.SignInAsync(Marker)
        );
        var foreign = new[]
        {
            await eve.WriteAsync(Marker, Marker),
            await eve.ShareAsync(await eve.WriteAsync(Marker), bob),
            $"/{eve.User.Id}",
        };
        var before = await StateAsync(api, eve);
        var operations = Contract.OfTheApi.Operations;
        var seen = new ConcurrentDictionary<int, int>();
        // Each worker has its own notes, so that its requests do not depend on the other workers.
        await Task.WhenAll(
            Enumerable
                .Range(0, Workers)
                .Select(worker =>
                    Task.Run(async () =>
                    {
                        string[] ids = [];
                        for (var number = worker; number < Requests; number += Workers)
                        {
                            if (ids.Length == 0 || number / Workers % Renewal == 0)
                            {
                                var note = await ada.WriteAsync("Ada's");
                                ids =
                                [
                                    .. new[] { note, await ada.ShareAsync(note, bob), $"/{ada.User.Id}" }
                                        .Concat(foreign)
                                        .Select(address => address[^36..]),
                                    Guid.Empty.ToString(),
                                    Guid.NewGuid().ToString(),
                                    "no-id",
                                    "%20",
                                ];
                            }
                            var random = new Random(Seed + number);
                            var operation = operations[random.Next(operations.Count)];
                            using var request = Make(random, operation, ids);
                            try
                            {
                                // The client validates the response against the document.
                                using var answer = await ada.Client.SendAsync(
                                    request,
                                    HttpCompletionOption.ResponseHeadersRead,
                                    Cancellation
                                );
                                if (operation.Name != "ListenToNotes")
                                    (await answer.Content.ReadAsStringAsync(Cancellation)).ShouldNotContain(
                                        Marker,
                                        Case.Sensitive
                                    );
                                seen.AddOrUpdate((int)answer.StatusCode, 1, (_, count) => count + 1);
                            }
                            catch (Exception ex) when (ex is not OperationCanceledException)
                            {
                                throw new InvalidOperationException(
                                    $"Request {number} of seed {Seed}, {request.Method} {request.RequestUri}: "
                                        + $"{ex.Message}",
                                    ex
                                );
                            }
                        }
                    })
                )
        );
        // Coverage: all of these statuses must have occurred.
        foreach (var status in new[] { 200, 201, 204, 304, 400, 403, 404, 412, 422, 428 })
            seen.Keys.ShouldContain(status);
        TestContext.Current.TestOutputHelper!.WriteLine(
            string.Join(", ", seen.OrderBy(pair => pair.Key).Select(pair => $"{pair.Key}: {pair.Value}"))
        );
        (await StateAsync(api, eve)).ShouldBe(before);
    }

    static async Task<string> StateAsync(ApiUnderTest api, Person person) =>
        (string)
            (
                await api.Database.ExecuteAsync(
                    $"""
                    SELECT (SELECT string_agg(note::text || note.xmin, ',' ORDER BY id) FROM app.notes AS note
                        WHERE owner_id = '{person.User.Id}')
                        || (SELECT string_agg(share::text || share.xmin, ',' ORDER BY share.id)
                            FROM app.note_shares AS share JOIN app.notes AS note ON note.id = share.note_id
                            WHERE note.owner_id = '{person.User.Id}')
                        || (SELECT row(person.*)::text || person.xmin FROM app.users AS person
                            WHERE id = '{person.User.Id}')
                    """
                )
            )!;

    static HttpRequestMessage Make(Random random, Operation operation, string[] ids)
    {
        var (path, query) = (operation.Path, new StringBuilder());
        var request = new HttpRequestMessage { Method = new HttpMethod(operation.Method) };
        foreach (var parameter in operation.Node["parameters"]?.AsArray() ?? [])
        {
            var (name, where) = ((string)parameter!["name"]!, (string)parameter["in"]!);
            if (where == "path")
                path = path.Replace($"{{{name}}}", Pick(random, ids), StringComparison.Ordinal);
            else if (random.Next(3) == 0)
                continue;
            else if (where == "query")
                query
                    .Append(query.Length == 0 ? '?' : '&')
                    .Append(name)
                    .Append('=')
                    .Append(
                        Uri.EscapeDataString(
                            Plain(
                                random.Next(2) == 0 ? Text(random) : Pick(random, ["1", "20", "true", "false", "title"])
                            )
                        )
                    );
            else
                request.Headers.TryAddWithoutValidation(
                    name,
                    new string([
                        .. (random.Next(2) == 0 ? "*" : Text(random)).Where(letter => letter is >= ' ' and <= '~'),
                    ])
                );
        }
        if (random.Next(20) == 0)
            query.Append(query.Length == 0 ? '?' : '&').Append(Uri.EscapeDataString(Plain(Text(random)))).Append("=1");
        if (operation.Node["requestBody"] is { } body)
        {
            var json =
                random.Next(20) == 0
                    ? Text(random)
                    : Value(random, Contract.OfTheApi.Document, body["content"]!["application/json"]!["schema"]!, ids)
                        ?.ToJsonString()
                        ?? "null";
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(json))
            {
                Headers = { ContentType = new MediaTypeHeaderValue("application/json") },
            };
        }
        request.RequestUri = new Uri(path + query, UriKind.Relative);
        return request;
    }

    /// <summary>A value for a schema, sometimes an invalid one.</summary>
    static JsonNode? Value(Random random, JsonNode document, JsonNode schema, string[] ids)
    {
        if (schema["$ref"] is { } reference)
            schema = document["components"]!["schemas"]![((string)reference!).Split('/')[^1]]!;
        if (random.Next(12) == 0)
            return random.Next(4) switch
            {
                0 => null,
                1 => JsonValue.Create(random.Next()),
                2 => new JsonArray(),
                _ => JsonValue.Create(Plain(Text(random))),
            };
        // A nullable property has two types.
        var type = schema["type"] is JsonArray types ? types.First(type => (string?)type != "null") : schema["type"];
        switch ((string?)type)
        {
            case "object":
                var value = new JsonObject();
                foreach (var (name, property) in schema["properties"]!.AsObject())
                    if (random.Next(8) > 0)
                        value[name] = Value(random, document, property!, ids);
                if (random.Next(10) == 0)
                    value[Pick(random, ["ownerId", "id", "isAdmin", "__proto__", "$type"])] = JsonValue.Create(
                        Pick(random, ids)
                    );
                return value;
            case "array":
                return new JsonArray([
                    .. Enumerable.Range(0, random.Next(4)).Select(_ => Value(random, document, schema["items"]!, ids)),
                ]);
            case "boolean":
                return JsonValue.Create(random.Next(2) == 0);
            default:
                return JsonValue.Create(
                    (string?)schema["format"] == "uuid"
                        ? Pick(random, ids)
                        : Plain(random.Next(2) == 0 ? $"{random.Next()}@example.com" : Text(random))
                );
        }
    }

    static string Text(Random random) => random.Next(4) == 0 ? $"text {random.Next(50)}" : Pick(random, Strings);

    /// <summary>Without unpaired surrogates, which UTF-8 cannot encode; other tests send them escaped.</summary>
    static string Plain(string text) => text.Replace("\ud800", "\ufffd", StringComparison.Ordinal);

    static T Pick<T>(Random random, T[] of) => of[random.Next(of.Length)];
}
