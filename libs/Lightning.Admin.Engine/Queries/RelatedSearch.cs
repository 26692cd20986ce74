using System.Linq.Expressions;
using Lightning.Admin.Engine.Linq;
using Lightning.Admin.Engine.Registrations;
using Lightning.Authorization;
using Microsoft.EntityFrameworkCore.Metadata;

namespace Lightning.Admin.Engine.Queries;

/// <summary>Searches the rows that the rows of a large table are related to.</summary>
sealed class RelatedSearch(Registration registration, AdminRequest request)
{
    /// <summary>The maximum number of related rows; a word that more of them contain is not searched in them.</summary>
    const int MaxKeys = 1000;
    readonly Dictionary<(string Text, bool IsPhrase), IReadOnlyList<Func<Expression, Expression>>> conditions = [];
    readonly List<string> warnings = [];
    readonly ScopedReads reads = new(request.Site, request.Actor);

    /// <summary>Warnings about words that match too many related rows.</summary>
    public IReadOnlyList<string> Warnings => warnings;

    /// <summary>
    /// The conditions that a row is related to a row whose own columns match a word, found by the search of that row's
    /// registration, so that indexes serve both sides. A word with too many matches is reported.
    /// </summary>
    public async Task<IReadOnlyList<Func<Expression, Expression>>> FindAsync(
        (string Text, bool IsPhrase) word,
        CancellationToken cancellationToken
    )
    {
        if (conditions.TryGetValue(word, out var known))
            return known;
        var found = new List<Func<Expression, Expression>>();
        foreach (
            var (navigation, field) in registration
                .Searched.Select(field => ((INavigationBase?)field.ManyToMany ?? field.Related, field))
                .Where(one => one.Item1 is not null)
                .DistinctBy(one => one.Item1)
        )
        {
            if (request.Site.Of(navigation!.TargetEntityType.ClrType) is not { KeyLength: 1 } target)
                continue;
            if (!request.IsPossible(target, Verb.Read))
                continue;
            if (
                await RowLookup
                    .Create(target, request)
                    .KeysAsync(word.IsPhrase ? $"\"{word.Text}\"" : word.Text, MaxKeys, cancellationToken)
                is not { } keys
            )
            {
                var tooMany =
                    $"“{word.Text}” matches more than {MaxKeys:N0} {target.Title.ToLowerInvariant()}, so "
                    + $"{registration.Title.ToLowerInvariant()} were searched by their own fields only. "
                    + "Enter more of the word, or a phrase in quotes.";
                // Two columns may refer to the same entity.
                if (!warnings.Contains(tooMany))
                    warnings.Add(tooMany);
                continue;
            }
            if (keys.Count > 0 && navigation is INavigation { ForeignKey.Properties: [var column] })
                found.Add(row =>
                    keys is [var only]
                        ? Expressions.AreEqual(row, [column], [only])
                        : Expressions.IsIn(row, column, keys)
                );
            else if (keys.Count > 0 && navigation is ISkipNavigation links)
                found.Add(row =>
                    reads.AnyLinked(field.Read, row, links, other => Expressions.IsIn(other, target.Key[0], keys))
                );
        }
        return conditions[word] = found;
    }
}
