namespace Lightning.Admin.Lists;

/// <summary>Limits for queries whose result depends on the number of rows alone.</summary>
static class AnyRows
{
    /// <summary>
    /// At most so many rows, whichever the database finds first. The order is a constant, which Postgres leaves out of the plan:
    /// to sort by a key would read all rows before the limit, and EF warns of a limit without an order.
    /// </summary>
    public static IQueryable<T> TakeAny<T>(this IQueryable<T> rows, int most) => rows.OrderBy(_ => 1).Take(most);
}
