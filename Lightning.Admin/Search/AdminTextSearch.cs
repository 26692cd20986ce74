using System.Linq.Expressions;
using Lightning.Admin.Engine.FullText;
using Lightning.Data.Search;
using NpgsqlTypes;

namespace Lightning.Admin.Search;

/// <summary>Searches as the application does.</summary>
public sealed class AdminTextSearch : ITextSearch
{
    /// <inheritdoc/>
    public Expression<Func<string, NpgsqlTsVector>> Vector => text => TextSearch.Vector(text);

    /// <inheritdoc/>
    public Expression<Func<string, NpgsqlTsQuery>> Query(bool isPhrase) =>
        isPhrase ? text => TextSearch.Phrase(text, true) : text => TextSearch.Phrase(text, false);

    /// <inheritdoc/>
    public string VectorSql(string text) => $"app.search_vector({text})";
}
