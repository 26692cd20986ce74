using System.Linq.Expressions;

namespace Lightning.Admin.Engine.Queries;

/// <summary>One column of a sort order.</summary>
/// <param name="Value">The value to sort by.</param>
/// <param name="Descends">Whether the order is descending; nulls then come first, as in Postgres.</param>
/// <param name="CanBeNull">Whether the value may be null.</param>
/// <param name="IsPlain">Whether the value is stored without a value converter, so that the database's order is the
/// value's.</param>
sealed record OrderBy(Expression Value, bool Descends, bool CanBeNull, bool IsPlain);
