using System.Reflection;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.UserSecrets;

namespace Aspire.Hosting.Running;

/// <summary>Keeps generated parameters where <c>dotnet user-secrets</c> keeps the AppHost's secrets.</summary>
sealed class UserSecretsFile(string path)
{
    static readonly JsonSerializerOptions s_indented = new() { WriteIndented = true };
    static readonly JsonDocumentOptions s_lenient = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };

    public static UserSecretsFile? Of(Assembly? assembly) =>
        assembly?.GetCustomAttribute<UserSecretsIdAttribute>()?.UserSecretsId is { } id ? new(PathHelper.GetSecretsPathFromSecretsId(id)) : null;

    /// <summary>The value kept under a key; made and kept when there is none. Two AppHosts that do this at once keep both values.</summary>
    public string GetOrAdd(string key, Func<string> make)
    {
        try
        {
            return GetOrAddAlone(key, make);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DistributedApplicationException($"The user secrets in {path} cannot keep {key} ({e.Message}): let this user write there, or set {key} in the environment.", e);
        }
    }

    string GetOrAddAlone(string key, Func<string> make)
    {
        using var alone = FileLock.Take(path + ".lock");
        var secrets = Read();
        var kept = new ConfigurationBuilder().AddInMemoryCollection(Flatten(secrets)).Build()[key];
        if (!string.IsNullOrEmpty(kept)) return kept;

        var value = make();
        secrets[key] = value;
        Write(secrets);
        return value;
    }

    JsonObject Read()
    {
        if (!File.Exists(path)) return [];
        try
        {
            var text = File.ReadAllText(path);
            return string.IsNullOrWhiteSpace(text) ? [] : (JsonObject)JsonNode.Parse(text, documentOptions: s_lenient)!;
        }
        catch (Exception e) when (e is JsonException or InvalidCastException)
        {
            throw new DistributedApplicationException($"The user secrets in {path} are not a JSON object, so correct the file or delete it: {e.Message}", e);
        }
    }

    // Written beside and renamed: a reader sees the old file or the new one, and never someone else's access rights.
    void Write(JsonObject secrets)
    {
        var draft = $"{path}.{Environment.ProcessId}";
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using (var file = new FileStream(draft, options)) file.Write(Encoding.UTF8.GetBytes(secrets.ToJsonString(s_indented)));
        File.Move(draft, path, overwrite: true);
    }

    static IEnumerable<KeyValuePair<string, string?>> Flatten(JsonObject secrets, string prefix = "") => secrets.SelectMany(pair => pair.Value switch
    {
        JsonObject nested => Flatten(nested, $"{prefix}{pair.Key}:"),
        JsonValue value => [new(prefix + pair.Key, value.ToString())],
        _ => []
    });
}
