using System.Text;
using CsvHelper;

namespace Lightning.Admin.Exports;

/// <summary>Values in CSV files: none begins as a formula does, or a spreadsheet that opens the file would work it out.</summary>
static class CsvText
{
    /// <summary>The most rows of an import.</summary>
    public const int MostRows = 1000;

    /// <summary>A text as it stands in a file: with an apostrophe before it where a spreadsheet might take it for a formula, or where an apostrophe was.</summary>
    public static string Guard(string text) => IsFormula(text) ? $"'{text}" : text;

    /// <summary>A text as it was before it was guarded.</summary>
    public static string Unguard(string text) => text.StartsWith('\'') && IsFormula(text[1..]) ? text[1..] : text;

    /// <summary>The text of a file; null where it is no UTF-8, and no Unicode that says so at its beginning.</summary>
    public static async Task<string?> ReadAsync(Stream file)
    {
        try
        {
            using var reader = new StreamReader(file, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true));
            return await reader.ReadToEndAsync();
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }

    /// <summary>The rows of a file, by the names in its first line; or what is wrong with it.</summary>
    public static (IReadOnlyList<IReadOnlyDictionary<string, string>> Rows, string? Fault) Read(string text)
    {
        var rows = new List<IReadOnlyDictionary<string, string>>();
        try
        {
            using var reader = CsvReader.FromText(text, CsvReaderOptions.Default with { MalformedData = CsvMalformedDataHandling.Throw });
            var names = reader.Headers.ToArray();
            if (names.Distinct(StringComparer.Ordinal).Count() < names.Length) return (rows, "Two columns have the same name.");
            while (reader.Read())
            {
                if (rows.Count == MostRows) return (rows, $"At most {MostRows:N0} rows at once.");
                if (reader.FieldCount != names.Length) return (rows, $"Row {rows.Count + 1} has {reader.FieldCount} fields, and there are {names.Length} names.");
                var row = new Dictionary<string, string>(StringComparer.Ordinal);
                for (var i = 0; i < names.Length; i++) row[names[i]] = Unguard(reader.GetString(i));
                rows.Add(row);
            }
            return (rows, null);
        }
        catch (CsvFormatException)
        {
            return (rows, $"This is no CSV file that can be read; row {rows.Count + 1} is at fault: is a quote not closed, or one within a text not doubled?");
        }
    }

    // OWASP, CSV injection: what begins with one of these; full-width forms and what stands behind spaces or quotes are taken alike by some.
    static bool IsFormula(string text) => text.TrimStart(' ', '\'', '"') is [var first, ..] && first is ('=' or '+' or '-' or '@' or '\t' or '\r' or '\n' or '＝' or '＋' or '－' or '＠');
}
