using Microsoft.EntityFrameworkCore;
using NpgsqlTypes;

namespace Lightning.Data.Search;

/// <summary>The SQL functions of the full-text search (<c>Sql/search.sql</c>), for queries only.</summary>
public static class TextSearch
{
    /// <summary>The search vector of a text.</summary>
    public static NpgsqlTsVector Vector(string text) => throw new NotSupportedException($"{text} is not in a query.");

    /// <summary>
    /// The search for the words of a text, one after the other; null if it has none. The last word also matches longer
    /// words that begin with it, unless the text is a whole phrase.
    /// </summary>
    public static NpgsqlTsQuery Phrase(string text, bool isWhole) =>
        throw new NotSupportedException($"{text} ({isWhole}) is not in a query.");

    internal static void AddTextSearch(this ModelBuilder builder)
    {
        builder.HasDbFunction(() => Vector("")).HasSchema("app").HasName("search_vector");
        builder.HasDbFunction(() => Phrase("", false)).HasSchema("app").HasName("search_phrase");
    }
}
