using System.Collections;
using System.Text.Encodings.Web;
using System.Text.Json;
using CsvHelper;
using Lightning.Admin.Engine.Values;

namespace Lightning.Admin.Engine.Exports;

/// <summary>Writes rows to a stream.</summary>
/// <param name="names">The names of the columns.</param>
/// <param name="rows">The values of each row.</param>
/// <param name="body">The stream.</param>
sealed class ExportWriter(IReadOnlyList<string> names, IAsyncEnumerable<object?[]> rows, Stream body)
{
    /// <summary>The number of buffered JSON bytes after which they are sent; rows may be of any size.</summary>
    const int Flush = 64 * 1024;

    /// <summary>Excel reads a file as UTF-8 only if it begins with a byte order mark.</summary>
    static readonly CsvWriterOptions CsvOptions = CsvWriterOptions.Default with { WriteByteOrderMark = true };

    /// <summary>
    /// Writes the rows as CSV. All texts are quoted and cannot be formulas; a cell without quotes and content has no
    /// value.
    /// </summary>
    public async Task WriteCsvAsync(CancellationToken cancellationToken)
    {
        await using var csv = CsvWriter.Create(body, CsvOptions, leaveOpen: true);
        foreach (var name in names)
            WriteText(csv, name);
        await csv.EndRecordAsync(cancellationToken);
        await foreach (var row in rows.WithCancellation(cancellationToken))
        {
            foreach (var value in row)
                // A negative number is not a formula.
                if (value is null || TypedText.IsNumber(value.GetType()))
                    csv.WriteField(TypedText.Format(value));
                else
                    WriteText(csv, TypedText.Format(value));
            await csv.EndRecordAsync(cancellationToken);
        }
    }

    static void WriteText(CsvWriter csv, string text) => csv.WriteField(CsvText.EscapeFormula(text), CsvQuoting.Always);

    /// <summary>Writes the rows as a JSON array of objects.</summary>
    public async Task WriteJsonAsync(CancellationToken cancellationToken)
    {
        // The output is a file and never embedded in HTML, so relaxed escaping is safe.
        await using var json = new Utf8JsonWriter(
            body,
            new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }
        );
        json.WriteStartArray();
        await foreach (var row in rows.WithCancellation(cancellationToken))
        {
            json.WriteStartObject();
            for (var i = 0; i < row.Length; i++)
            {
                json.WritePropertyName(names[i]);
                // Serialized separately: a serializer that writes to this writer would flush it synchronously.
                if (
                    row[i] is { } value
                    && (
                        value is bool or IEnumerable and not string and not byte[]
                        || TypedText.IsNumber(value.GetType())
                    )
                )
                    json.WriteRawValue(
                        JsonSerializer.SerializeToUtf8Bytes(value, value.GetType()),
                        skipInputValidation: true
                    );
                else if (row[i] is null)
                    json.WriteNullValue();
                else
                    json.WriteStringValue(TypedText.Format(row[i]));
            }
            json.WriteEndObject();
            if (json.BytesPending >= Flush)
                await json.FlushAsync(cancellationToken);
        }
        json.WriteEndArray();
    }
}
