using System.Linq.Expressions;
using NpgsqlTypes;

namespace Lightning.Admin.Engine.FullText;

/// <summary>
/// How the searches of large tables split text into words. Without an implementation in the assemblies of the
/// registrations, Postgres' own <c>simple</c> configuration does.
/// </summary>
public interface ITextSearch
{
    /// <summary>
    /// The search vector of a text. The index of a search has the same expression, with the columns separated by
    /// spaces.
    /// </summary>
    Expression<Func<string, NpgsqlTsVector>> Vector { get; }

    /// <summary>
    /// The search for what a person typed, which may have any characters: a phrase, or a word that also finds longer
    /// words that begin with it.
    /// </summary>
    Expression<Func<string, NpgsqlTsQuery>> Query(bool isPhrase);

    /// <summary>The SQL of <see cref="Vector"/>, for the message that says which index is missing.</summary>
    string VectorSql(string text);
}
