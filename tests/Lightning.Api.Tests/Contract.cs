using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Lightning.Api.Tests;

/// <summary>An operation of the document.</summary>
sealed record Operation(string Name, string Method, string Path, JsonNode Node)
{
    /// <summary>The statuses that it may answer.</summary>
    public IEnumerable<int> Statuses => Node["responses"]!.AsObject().Select(response => int.Parse(response.Key, System.Globalization.CultureInfo.InvariantCulture));
}

/// <summary>That an answer is not what the document says.</summary>
sealed class ContractException(string message) : Exception(message);

/// <summary>Holds answers against the API's document.</summary>
sealed class Contract
{
    const string ProblemJson = "application/problem+json";
    readonly JsonNode document;
    readonly Dictionary<string, Operation[]> byPath;

    Contract(JsonNode document)
    {
        this.document = document;
        Operations = [.. document["paths"]!.AsObject().SelectMany(path => path.Value!.AsObject().Select(operation =>
            new Operation((string)operation.Value!["operationId"]!, operation.Key.ToUpperInvariant(), path.Key, operation.Value!)))];
        byPath = Operations.GroupBy(operation => operation.Path).ToDictionary(group => group.Key, group => group.ToArray(), StringComparer.Ordinal);
    }

    /// <summary>The document that is committed; another test sees to it that it is the one that is served.</summary>
    public static Contract OfTheApi { get; } = new(JsonNode.Parse(File.ReadAllText(DocumentTests.Committed()))!);

    public IReadOnlyList<Operation> Operations { get; }

    public JsonNode Document => document;

    /// <summary>Reads an answer and says what is wrong with it.</summary>
    /// <exception cref="ContractException">The document does not know it.</exception>
    public async Task CheckAsync(HttpRequestMessage request, HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        var (method, path, status) = (request.Method.Method, request.RequestUri!.AbsolutePath, (int)answer.StatusCode);
        if (method is "OPTIONS" or "HEAD" || !path.StartsWith("/api/", StringComparison.Ordinal)) return;
        if (PathOf(path) is not { } operations || Array.Find(operations, operation => operation.Method == method) is not { } known)
        {
            if (answer.StatusCode is not (HttpStatusCode.NotFound or HttpStatusCode.MethodNotAllowed)) throw new ContractException($"{method} {path} is no operation and answers {status}.");
            return;
        }
        var type = answer.Content.Headers.ContentType?.MediaType;
        var isStream = type == "text/event-stream";
        var text = isStream ? "" : await answer.Content.ReadAsStringAsync(cancellationToken);
        void Fail(string fault) => throw new ContractException($"{method} {request.RequestUri.PathAndQuery} {fault} {text}");
        if (known.Node["responses"]![$"{status}"] is not { } documented)
        {
            Fail($"answers {status}, which is not documented.");
            return;
        }
        if (documented["content"] is not { } content)
        {
            if (text.Length > 0 || type is not null) Fail($"answers {status} with a {type} where none is documented.");
            return;
        }
        if (type is null || content[type] is not { } form)
        {
            Fail($"answers {status} with {type ?? "nothing"} where {string.Join(", ", content.AsObject().Select(one => one.Key))} is documented.");
            return;
        }
        if (isStream) return;
        using var json = JsonDocument.Parse(text);
        if (Schema.Fault(document, form["schema"]!, json.RootElement) is { } fault) Fail($"answers {status}: {fault}");
        if (type == ProblemJson && json.RootElement.GetProperty("status").GetInt32() != status) Fail($"answers {status}, and the problem says otherwise:");
    }

    /// <summary>Holds an event of the stream against the schema of its operation.</summary>
    public void CheckEvent(string data)
    {
        using var json = JsonDocument.Parse(data);
        var schema = Operations.Single(operation => operation.Name == "ListenToNotes").Node["responses"]!["200"]!["content"]!["text/event-stream"]!["schema"]!;
        if (Schema.Fault(document, schema, json.RootElement) is { } fault) throw new ContractException($"An event: {fault} {data}");
    }

    /// <summary>The operations of an address: one that is written out goes before one with an id in its place.</summary>
    Operation[]? PathOf(string path)
    {
        if (byPath.TryGetValue(path.TrimEnd('/'), out var exact)) return exact;
        var parts = path.TrimEnd('/').Split('/');
        return byPath.FirstOrDefault(known => known.Key.Split('/') is var template && template.Length == parts.Length
            && template.Zip(parts).All(pair => pair.First == pair.Second || pair.First.StartsWith('{'))).Value;
    }
}

/// <summary>Lets no answer pass that the document does not know.</summary>
sealed class ContractHandler : DelegatingHandler
{
    /// <summary>Whether a fault of the server is what the test wants to see; the document knows none.</summary>
    public bool LetsFaultsPass { get; init; }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var answer = await base.SendAsync(request, cancellationToken);
        if (!LetsFaultsPass || answer.StatusCode != HttpStatusCode.InternalServerError) await Contract.OfTheApi.CheckAsync(request, answer, cancellationToken);
        return answer;
    }
}
