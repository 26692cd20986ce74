using System.Buffers;
using System.Globalization;
using System.Text;
using CsvHelper;
using Lightning.Admin.Engine.Values;

namespace Lightning.Admin.Engine.Exports;

/// <summary>Escapes CSV values, so that spreadsheets do not evaluate them as formulas.</summary>
static class CsvText
{
    /// <summary>The maximum number of rows of an import.</summary>
    public const int MaxRows = 1000;

    /// <summary>
    /// Where a spreadsheet that expects another separator than a comma starts a new cell: it then ignores the quotes
    /// around a cell.
    /// </summary>
    static readonly SearchValues<char> OtherSeparators = SearchValues.Create(";\t\r\n");

    /// <summary>Letters and symbols that are displayed as nothing or as a space.</summary>
    static readonly SearchValues<char> BlankLetters = SearchValues.Create("\u115F\u1160\u2800\u3164\uFFA0");

    /// <summary>What formulas start with, and its full-width, small and mathematical forms.</summary>
    static readonly SearchValues<char> FormulaStarts = SearchValues.Create("=+-@＝＋－＠﹦﹢﹣﹫−");

    /// <summary>
    /// Escapes a text with an apostrophe wherever a spreadsheet might take it for a formula: at its start, and after
    /// each character that some spreadsheets separate cells at. Existing apostrophes are escaped too.
    /// </summary>
    public static string EscapeFormula(string text)
    {
        var escaped = EditInnerCells(text, cell => IsFormula(cell) ? $"'{cell}" : cell);
        return IsFormula(escaped) ? $"'{escaped}" : escaped;
    }

    /// <summary>Reverses <see cref="EscapeFormula"/>.</summary>
    public static string Unguard(string text) =>
        EditInnerCells(WithoutApostrophe(text), cell => WithoutApostrophe(cell));

    /// <summary>Reads a text file; null if it is not valid UTF-8 (or Unicode with a byte order mark).</summary>
    public static async Task<string?> ReadAsync(Stream file)
    {
        try
        {
            using var reader = new StreamReader(
                file,
                new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true)
            );
            return await reader.ReadToEndAsync();
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }

    /// <summary>
    /// Parses a CSV file into rows by column name, or returns the error. A cell without quotes and content is <see
    /// cref="TypedText.NullText"/>. Reads at most one row more than <see cref="MaxRows"/>.
    /// </summary>
    public static (IReadOnlyList<IReadOnlyDictionary<string, string>> Rows, string? Error) Read(string text)
    {
        var rows = new List<IReadOnlyDictionary<string, string>>();
        try
        {
            using var reader = CsvReader.FromText(
                text,
                CsvReaderOptions.Default with
                {
                    MalformedData = CsvMalformedDataHandling.Throw,
                }
            );
            var names = reader.Headers.ToArray();
            if (names.Distinct(StringComparer.Ordinal).Count() < names.Length)
                return (rows, "Two columns have the same name.");
            while (reader.Read())
            {
                if (rows.Count > MaxRows)
                    return (rows, null);
                if (reader.FieldCount != names.Length)
                    return (
                        rows,
                        $"Row {rows.Count + 1} has {reader.FieldCount} fields, but the header has {names.Length}."
                    );
                var row = new Dictionary<string, string>(StringComparer.Ordinal);
                for (var i = 0; i < names.Length; i++)
                    row[names[i]] = reader.GetRawSpan(i).IsEmpty ? TypedText.NullText : Unguard(reader.GetString(i));
                rows.Add(row);
            }
            return (rows, null);
        }
        catch (CsvFormatException)
        {
            return (
                rows,
                $"This is not a valid CSV file: row {rows.Count + 1} has a quote that is not closed or not doubled."
            );
        }
    }

    static string WithoutApostrophe(string cell) => cell.StartsWith('\'') && IsFormula(cell[1..]) ? cell[1..] : cell;

    /// <summary>Edits what follows each separator.</summary>
    static string EditInnerCells(string text, Func<string, string> edit)
    {
        if (text.AsSpan().IndexOfAny(OtherSeparators) is var next && next < 0)
            return text;
        var edited = new StringBuilder(text, 0, next, text.Length + 16);
        while (next < text.Length)
        {
            var start = next + 1;
            var length = text.AsSpan(start).IndexOfAny(OtherSeparators);
            var end = length < 0 ? text.Length : start + length;
            edited.Append(text[next]).Append(edit(text[start..end]));
            next = end;
        }
        return edited.ToString();
    }

    // OWASP, CSV injection. Spreadsheets skip spaces and quotes, some also invisible characters, and a leading tab or
    // line break may start the next cell. An apostrophe does not change the result, so that Unguard finds it.
    static bool IsFormula(string cell)
    {
        foreach (var rune in cell.EnumerateRunes())
            if (!IsBlank(rune))
                return (rune.IsBmp && FormulaStarts.Contains((char)rune.Value)) || StartsWithBreak(cell);
        return StartsWithBreak(cell);
    }

    static bool StartsWithBreak(string cell) => cell.TrimStart(' ', '\'', '"') is ['\t' or '\r' or '\n', ..];

    static bool IsBlank(Rune rune) =>
        rune.Value is '\'' or '"' or ';' or ','
        || (rune.IsBmp && BlankLetters.Contains((char)rune.Value))
        || Rune.GetUnicodeCategory(rune)
            is UnicodeCategory.Control
                or UnicodeCategory.Format
                or UnicodeCategory.SpaceSeparator
                or UnicodeCategory.LineSeparator
                or UnicodeCategory.ParagraphSeparator
                or UnicodeCategory.NonSpacingMark
                or UnicodeCategory.EnclosingMark
                or UnicodeCategory.OtherNotAssigned;
}
