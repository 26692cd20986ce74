using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Lightning.Api.Tests;

/// <summary>A documented operation.</summary>
sealed record Operation(string Name, string Method, string Path, JsonNode Node)
{
    /// <summary>The documented status codes.</summary>
    public IEnumerable<int> Statuses =>
        Node["responses"]!
            .AsObject()
            .Select(response => int.Parse(response.Key, System.Globalization.CultureInfo.InvariantCulture));
}

/// <summary>A response does not match the OpenAPI document.</summary>
sealed class ContractException(string message) : Exception(message);

/// <summary>Validates responses against the OpenAPI document.</summary>
sealed class Contract
{
    const string ProblemJson = "application/problem+json";
    readonly JsonNode document;
    readonly Dictionary<string, Operation[]> byPath;

    Contract(JsonNode document)
    {
        this.document = document;
        Operations =
        [
            .. document["paths"]!
                .AsObject()
                .SelectMany(path =>
                    path.Value!.AsObject()
                        .Select(operation => new Operation(
                            (string)operation.Value!["operationId"]!,
                            operation.Key.ToUpperInvariant(),
                            path.Key,
                            operation.Value!
                        ))
                ),
        ];
        byPath = Operations
            .GroupBy(operation => operation.Path)
            .ToDictionary(group => group.Key, group => group.ToArray(), StringComparer.Ordinal);
    }

    /// <summary>The committed document. DocumentTests checks that it is the served one.</summary>
    public static Contract OfTheApi { get; } = new(JsonNode.Parse(File.ReadAllText(DocumentTests.Committed()))!);

    public IReadOnlyList<Operation> Operations { get; }

    public JsonNode Document => document;

    /// <summary>Validates a response.</summary>
    /// <exception cref="ContractException">The response is not documented.</exception>
    public async Task CheckAsync(
        HttpRequestMessage request,
        HttpResponseMessage answer,
        CancellationToken cancellationToken
    )
    {
        var (method, path, status) = (request.Method.Method, request.RequestUri!.AbsolutePath, (int)answer.StatusCode);
        if (method is "OPTIONS" or "HEAD" || !path.StartsWith("/api/", StringComparison.Ordinal))
            return;
        if (
            PathOf(path) is not { } operations
            || Array.Find(operations, operation => operation.Method == method) is not { } known
        )
        {
            if (answer.StatusCode is not (HttpStatusCode.NotFound or HttpStatusCode.MethodNotAllowed))
                throw new ContractException($"{method} {path} is no operation and answers {status}.");
            return;
        }
        var type = answer.Content.Headers.ContentType?.MediaType;
        var isStream = type == "text/event-stream";
        var text = isStream ? "" : await answer.Content.ReadAsStringAsync(cancellationToken);
        void Fail(string error) =>
            throw new ContractException($"{method} {request.RequestUri.PathAndQuery} {error} {text}");
        if (known.Node["responses"]![$"{status}"] is not { } documented)
        {
            Fail($"answers {status}, which is not documented.");
            return;
        }
        if (documented["content"] is not { } content)
        {
            if (text.Length > 0 || type is not null)
                Fail($"answers {status} with a {type} where none is documented.");
            return;
        }
        if (type is null || content[type] is not { } form)
        {
            Fail(
                $"answers {status} with {type ?? "nothing"} where "
                    + $"{string.Join(", ", content.AsObject().Select(one => one.Key))} is documented."
            );
            return;
        }
        if (isStream)
            return;
        using var json = JsonDocument.Parse(text);
        if (Schema.FindError(document, form["schema"]!, json.RootElement) is { } error)
            Fail($"answers {status}: {error}");
        if (type == ProblemJson && json.RootElement.GetProperty("status").GetInt32() != status)
            Fail($"answers {status}, and the problem says otherwise:");
    }

    /// <summary>Validates an event of the stream against the schema of its operation.</summary>
    public void CheckEvent(string data)
    {
        using var json = JsonDocument.Parse(data);
        var schema = Operations.Single(operation => operation.Name == "ListenToNotes").Node["responses"]!["200"]![
            "content"
        ]!["text/event-stream"]!["schema"]!;
        if (Schema.FindError(document, schema, json.RootElement) is { } error)
            throw new ContractException($"An event: {error} {data}");
    }

    /// <summary>
    /// The operations of a path: literal segments take precedence over parameters.
    /// </summary>
    Operation[]? PathOf(string path)
    {
        if (byPath.TryGetValue(path.TrimEnd('/'), out var exact))
            return exact;
        var parts = path.TrimEnd('/').Split('/');
        return byPath
            .FirstOrDefault(known =>
                known.Key.Split('/') is var template
                && template.Length == parts.Length
                && template.Zip(parts).All(pair => pair.First == pair.Second || pair.First.StartsWith('{'))
            )
            .Value;
    }
}

/// <summary>Validates each response against the document.</summary>
sealed class ContractHandler : DelegatingHandler
{
    /// <summary>Whether undocumented responses, such as server errors, are allowed.</summary>
    public bool AllowsUndocumentedResponses { get; init; }

    protected override async Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request,
        CancellationToken cancellationToken
    )
    {
        var answer = await base.SendAsync(request, cancellationToken);
        if (!AllowsUndocumentedResponses || answer.StatusCode != HttpStatusCode.InternalServerError)
            await Contract.OfTheApi.CheckAsync(request, answer, cancellationToken);
        return answer;
    }
}
