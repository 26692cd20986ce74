using System.Linq.Expressions;
using Microsoft.EntityFrameworkCore;
using NpgsqlTypes;

namespace Lightning.Admin.Engine.FullText;

/// <summary>The text search of Postgres' <c>simple</c> configuration.</summary>
sealed class SimpleTextSearch : ITextSearch
{
    public Expression<Func<string, NpgsqlTsVector>> Vector => text => EF.Functions.ToTsVector("simple", text);

    public Expression<Func<string, NpgsqlTsQuery>> Query(bool isPhrase) =>
        isPhrase
            ? text => EF.Functions.PhraseToTsQuery("simple", text)
            : text => EF.Functions.ToTsQuery("simple", "'" + text.Replace(@"\", @"\\").Replace("'", "''") + "':*");

    public string VectorSql(string text) => $"to_tsvector('simple', {text})";
}
