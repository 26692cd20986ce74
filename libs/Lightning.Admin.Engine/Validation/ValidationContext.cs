using System.Linq.Expressions;
using Lightning.Admin.Engine.Registrations;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Admin.Engine.Validation;

/// <summary>A registration to validate.</summary>
/// <param name="Site">All registrations.</param>
/// <param name="Db">The database context.</param>
/// <param name="Registration">The registration.</param>
/// <param name="ReservedSlugs">Slugs that the site's own pages use.</param>
sealed record ValidationContext(
    AdminSite Site,
    DbContext Db,
    Registration Registration,
    IReadOnlyList<string> ReservedSlugs
)
{
    public EntityRules Rules => Site.RulesOf(Registration.Entity);

    public bool IsWords(LambdaExpression read) => read == Registration.Vector;

    public string SearchExpression =>
        Site.TextSearch.VectorSql(
            string.Join(" || ' ' || ", Registration.Searched.Select(one => one.Property?.GetColumnName() ?? one.Name))
        );
}
