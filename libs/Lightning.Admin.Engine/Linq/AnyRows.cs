namespace Lightning.Admin.Engine.Linq;

/// <summary>A limit for queries whose result depends on the number of rows only.</summary>
static class AnyRows
{
    /// <summary>
    /// Takes any rows, up to a maximum. EF warns about a limit without an order, so the order is a constant, which
    /// Postgres removes from the plan.
    /// </summary>
    public static IQueryable<T> TakeAny<T>(this IQueryable<T> rows, int most) => rows.OrderBy(_ => 1).Take(most);
}
