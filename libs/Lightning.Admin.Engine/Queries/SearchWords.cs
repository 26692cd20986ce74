using System.Linq.Expressions;
using System.Text;
using Lightning.Admin.Engine.FullText;
using Lightning.Admin.Engine.Linq;
using Lightning.Admin.Engine.Values;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Admin.Engine.Queries;

/// <summary>Parses a search: words and quoted phrases, all of which must match.</summary>
static class SearchWords
{
    /// <summary>
    /// The maximum number of words; more are refused, because ignoring some would return too many rows.
    /// </summary>
    const int Most = 10;

    /// <summary>The maximum length of a search, in characters.</summary>
    const int Longest = 200;

    /// <summary>The error of a search; null if it is valid.</summary>
    public static string? Validate(string search) =>
        search.Length > Longest || !TypedText.IsStorable(search) ? $"A search may have at most {Longest} characters."
        : Read(search).Count > Most ? $"At most {Most} words: remove some, or put a phrase in quotes."
        : null;

    /// <summary>Splits a search into words and phrases.</summary>
    public static IReadOnlyList<(string Text, bool IsPhrase)> Read(string search)
    {
        var (words, word, quoted) = (new List<(string, bool)>(), new StringBuilder(), false);
        foreach (var letter in search)
            if (letter == '"' || (!quoted && char.IsWhiteSpace(letter)))
            {
                End();
                if (letter == '"')
                    quoted = !quoted;
            }
            else
                word.Append(letter);
        End();
        return words;

        void End()
        {
            if (word.ToString().Trim() is { Length: > 0 } text)
                words.Add((text, quoted));
            word.Clear();
        }
    }

    /// <summary>
    /// The words and phrases for a text search, which ignores those without a letter or digit unless there are no
    /// others.
    /// </summary>
    public static IReadOnlyList<(string Text, bool IsPhrase)> ReadForTextSearch(string search)
    {
        var all = Read(search);
        return all.Where(word => word.Text.Any(char.IsLetterOrDigit)).ToList() is { Count: > 0 } words ? words : all;
    }

    /// <summary>A case-insensitive substring match; LIKE wildcards in the text are escaped.</summary>
    public static Expression Contains(Expression value, string text) =>
        Expression.Call(
            typeof(NpgsqlDbFunctionsExtensions),
            nameof(NpgsqlDbFunctionsExtensions.ILike),
            null,
            Expression.Property(null, typeof(EF), nameof(EF.Functions)),
            value,
            Expressions.Parameter(
                typeof(string),
                $"%{text.Replace(@"\", @"\\").Replace("%", @"\%").Replace("_", @"\_")}%"
            ),
            Expression.Constant(@"\")
        );

    /// <summary>True if a text search vector contains a word (by prefix) or a phrase (exactly).</summary>
    public static Expression Matches(ITextSearch search, Expression vector, (string Text, bool IsPhrase) word) =>
        Expression.Call(
            typeof(NpgsqlFullTextSearchLinqExtensions),
            nameof(NpgsqlFullTextSearchLinqExtensions.Matches),
            null,
            vector,
            search.Query(word.IsPhrase).ApplyTo(Expressions.Parameter(typeof(string), word.Text))
        );

    /// <summary>
    /// The text search vector of several columns; the index of a search must use the same expression.
    /// </summary>
    public static Expression VectorOf(ITextSearch search, IEnumerable<Expression> columns)
    {
        return search.Vector.ApplyTo(
            columns.Aggregate((one, other) => Concat(Concat(one, Expression.Constant(" ")), other))
        );

        static BinaryExpression Concat(Expression one, Expression other) =>
            Expression.Add(
                one,
                other,
                typeof(string).GetMethod(nameof(string.Concat), [typeof(string), typeof(string)])
            );
    }
}
