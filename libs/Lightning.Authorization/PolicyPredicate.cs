using System.Globalization;
using System.Text.RegularExpressions;

namespace Lightning.Authorization;

/// <summary>The condition of a query that EF has translated, as a condition on one row of its table.</summary>
/// <param name="query">The query: <c>SELECT 1 FROM table AS alias, joins, WHERE condition</c>.</param>
/// <param name="part">The name that stands for a generated function.</param>
/// <param name="actorFunctions">The names of the functions about the actor, and the cast that their result needs in a
/// subquery.</param>
sealed partial class PolicyPredicate(string query, string part, IReadOnlyDictionary<string, string> actorFunctions)
{
    // Never a condition that was not understood: a policy without one would allow every row.
    readonly Match query = Query().Match(query) is { Success: true } match
        ? match
        : throw new InvalidOperationException(
            $"This SQL is no condition on one table: {query.ReplaceLineEndings(" ")}"
        );

    /// <summary>The generated functions' calls by place, with <c>\0</c> for the row.</summary>
    public IReadOnlyList<string> Functions { get; init; } = [];

    /// <summary>The columns of the row that it reads.</summary>
    public IReadOnlyList<string> Columns =>
        [
            .. Tokens()
                .Matches(Text)
                .Where(token => token.Groups["alias"].Value == Alias)
                .Select(token => token.Groups["column"].Value)
                .Distinct(StringComparer.Ordinal),
        ];

    string Alias => query.Groups["alias"].Value;

    string Where => query.Groups["where"] is { Success: true } where ? where.Value : "true";

    /// <summary>Joined rows become a subquery, because a policy is a condition without a FROM.</summary>
    string Text =>
        query.Groups["joins"].Value.Trim() is { Length: > 0 } joins
            ? $"EXISTS (SELECT FROM (SELECT) AS one {joins} WHERE {Where})"
            : Where;

    /// <summary>The condition, with the row's columns qualified by a name.</summary>
    public string For(string row) =>
        Tokens()
            .Replace(
                Text,
                token =>
                {
                    if (token.Groups["alias"].Value == Alias)
                        return $"{row}.{token.Groups["column"].Value}";
                    if (token.Groups["call"] is not { Success: true } call)
                        return token.Value;
                    if (call.Value == part)
                        return Functions[int.Parse(token.Groups["argument"].Value, CultureInfo.InvariantCulture)]
                            .Replace("\0", row, StringComparison.Ordinal);
                    // A subquery is evaluated once for a statement, and not for each row.
                    return actorFunctions.TryGetValue(call.Value, out var cast)
                        ? $"(SELECT {token.Value}){cast}"
                        : token.Value;
                }
            )
            .ReplaceLineEndings("\n");

    // EF indents everything but the clauses of the outermost query.
    [GeneratedRegex(
        @"^SELECT 1\r?\nFROM \S+ AS (?<alias>\S+)(?<joins>(\r?\n(?!WHERE ).*)*)(\r?\nWHERE (?<where>[\s\S]*))?$",
        RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000
    )]
    private static partial Regex Query();

    // Text and quoted names come first, so that nothing in them is taken for a column.
    [GeneratedRegex(
        @"'([^']|'')*'|(?<![\w.""])(?<alias>\w+)\.(?<column>""([^""]|"""")+""|\w+)(?![\w.(])"
            + @"|(?<![\w.""])(?<call>(""[^""]+""|\w+)\.\w+)\((?<argument>\d*|'\w*')\)|""([^""]|"""")*""",
        RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000
    )]
    private static partial Regex Tokens();
}
