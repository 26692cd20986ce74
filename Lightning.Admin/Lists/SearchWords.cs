using System.Linq.Expressions;
using System.Text;
using Lightning.Admin.Registrations;
using Lightning.Admin.Values;
using Microsoft.EntityFrameworkCore;
using NpgsqlTypes;

namespace Lightning.Admin.Lists;

/// <summary>What is searched for: words, all of which must be found, and phrases in quotes.</summary>
static class SearchWords
{
    /// <summary>The most words that are looked for; more are refused, because a search for some of them finds more than was asked for.</summary>
    const int Most = 10;

    /// <summary>The longest search, in characters.</summary>
    const int Longest = 200;

    /// <summary>Why something cannot be searched for; null where it can.</summary>
    public static string? Fault(string search) => search.Length > Longest || !TypedText.IsStorable(search) ? $"That cannot be searched for: at most {Longest} letters."
        : Read(search).Count > Most ? $"At most {Most} words at once: leave some out, or put a phrase in quotes." : null;

    /// <summary>The words of a search.</summary>
    public static IReadOnlyList<(string Text, bool IsPhrase)> Read(string search)
    {
        var (words, word, quoted) = (new List<(string, bool)>(), new StringBuilder(), false);
        foreach (var letter in search)
            if (letter == '"' || (!quoted && char.IsWhiteSpace(letter)))
            {
                End();
                if (letter == '"') quoted = !quoted;
            }
            else word.Append(letter);
        End();
        return words;

        void End()
        {
            if (word.ToString().Trim() is { Length: > 0 } text) words.Add((text, quoted));
            word.Clear();
        }
    }

    /// <summary>That a text or the words of a row hold what is searched for: words by their beginnings, phrases whole.</summary>
    public static Expression Matches(Expression vector, (string Text, bool IsPhrase) word)
    {
        var functions = Expression.Property(null, typeof(EF), nameof(EF.Functions));
        var query = Expression.Call(typeof(NpgsqlFullTextSearchDbFunctionsExtensions),
            word.IsPhrase ? nameof(NpgsqlFullTextSearchDbFunctionsExtensions.PhraseToTsQuery) : nameof(NpgsqlFullTextSearchDbFunctionsExtensions.ToTsQuery), null,
            functions, Expression.Constant("simple"), Expressions.Parameter(typeof(string), word.IsPhrase ? word.Text : $"'{word.Text.Replace(@"\", @"\\").Replace("'", "''")}':*"));
        return Expression.Call(typeof(NpgsqlFullTextSearchLinqExtensions), nameof(NpgsqlFullTextSearchLinqExtensions.Matches), null, vector, query);
    }

    /// <summary>The words of several columns; the index that serves a search has this very expression.</summary>
    public static Expression VectorOf(IEnumerable<Expression> columns)
    {
        var text = columns.Aggregate((one, other) => Concat(Concat(one, Expression.Constant(" ")), other));
        return Expression.Call(typeof(NpgsqlFullTextSearchDbFunctionsExtensions), nameof(NpgsqlFullTextSearchDbFunctionsExtensions.ToTsVector), null,
            Expression.Property(null, typeof(EF), nameof(EF.Functions)), Expression.Constant("simple"), text);

        static BinaryExpression Concat(Expression one, Expression other) =>
            Expression.Add(one, other, typeof(string).GetMethod(nameof(string.Concat), [typeof(string), typeof(string)]));
    }
}
