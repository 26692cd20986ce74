using System.Text;
using System.Text.Json;
using Lightning.Admin.Engine.Values;

namespace Lightning.Admin.Engine.Exports;

/// <summary>The rows of an uploaded CSV or JSON file, by column name.</summary>
/// <param name="Rows">The rows. <see cref="TypedText.NullText"/> stands for no value.</param>
/// <param name="Error">What is wrong with the file; null if it can be read.</param>
/// <param name="IsTooLarge">Whether the file exceeds a limit, which <paramref name="Error"/> names.</param>
sealed record ImportFile(
    IReadOnlyList<IReadOnlyDictionary<string, string>> Rows,
    string? Error,
    bool IsTooLarge = false
)
{
    /// <summary>The maximum size of a file in bytes.</summary>
    public const int MaxBytes = 2 * 1024 * 1024;

    /// <summary>
    /// The maximum size of a request in bytes: between the check and the import the file is in the page, in base64.
    /// </summary>
    public const int MaxRequestBytes = 3 * 1024 * 1024;

    /// <summary>The limits, as a sentence.</summary>
    public static string Limits =>
        $"A file can have at most {CsvText.MaxRows:N0} rows and {MaxBytes / 1024 / 1024} MB.";

    /// <summary>Reads a file. One that begins with a bracket is JSON.</summary>
    public static async Task<ImportFile> ReadAsync(byte[] file)
    {
        if (file.Length > MaxBytes)
            return new([], $"The file is too large. {Limits}", IsTooLarge: true);
        if (await CsvText.ReadAsync(new MemoryStream(file)) is not { } text)
            return new([], "This file is not UTF-8 text: save it as \"CSV UTF-8\".");
        var (rows, error) = text.AsSpan().TrimStart() is ['[' or '{', ..] ? ReadJson(text) : CsvText.Read(text);
        if (rows.Count > CsvText.MaxRows)
            return new([], $"The file has too many rows. {Limits}", IsTooLarge: true);
        if (error is null && rows.Count == 0)
            error = "The file has no rows: it needs a header line with field names and one line per row.";
        return new(rows, error);
    }

    static (IReadOnlyList<IReadOnlyDictionary<string, string>> Rows, string? Error) ReadJson(string text)
    {
        var rows = new List<IReadOnlyDictionary<string, string>>();
        try
        {
            using var document = JsonDocument.Parse(text);
            if (document.RootElement.ValueKind != JsonValueKind.Array)
                return (rows, "This JSON file is not a list of rows: it must be an array of objects.");
            foreach (var element in document.RootElement.EnumerateArray())
            {
                if (rows.Count > CsvText.MaxRows)
                    return (rows, null);
                if (element.ValueKind != JsonValueKind.Object)
                    return (rows, $"Row {rows.Count + 1} of this JSON file is not an object.");
                var row = new Dictionary<string, string>(StringComparer.Ordinal);
                foreach (var field in element.EnumerateObject())
                    if (TextOf(field.Value) is not { } value)
                        return (
                            rows,
                            $"Row {rows.Count + 1}, {field.Name}: an entry of a list cannot be empty or contain a line "
                                + "break."
                        );
                    else if (!row.TryAdd(field.Name, value))
                        return (rows, $"Row {rows.Count + 1} has two fields named {field.Name}.");
                rows.Add(row);
            }
            return (rows, null);
        }
        catch (JsonException)
        {
            return (rows, "This is not a valid JSON file.");
        }
        catch (InvalidOperationException)
        {
            return (rows, $"Row {rows.Count + 1} of this JSON file has a text that is not valid Unicode.");
        }
    }

    /// <summary>A value as the text of a form; null if it cannot be one.</summary>
    static string? TextOf(JsonElement value) =>
        value.ValueKind switch
        {
            JsonValueKind.Null => TypedText.NullText,
            JsonValueKind.String => value.GetString()!,
            JsonValueKind.True => "true",
            JsonValueKind.False => "false",
            JsonValueKind.Array => ListOf(value),
            _ => value.GetRawText(),
        };

    static string? ListOf(JsonElement list)
    {
        var lines = new StringBuilder();
        foreach (var entry in list.EnumerateArray())
        {
            if (TextOf(entry) is not { Length: > 0 } line || line.AsSpan().IndexOfAny('\n', '\r', '\0') >= 0)
                return null;
            lines.Append(lines.Length == 0 ? "" : "\n").Append(line);
        }
        return lines.ToString();
    }
}
