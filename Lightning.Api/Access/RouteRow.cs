using System.Reflection;
using Lightning.Authorization;

namespace Lightning.Api.Access;

/// <summary>
/// The row with the id in the route. <see cref="RequiredRules.Requires{T}"/> loads it before the handler runs.
/// </summary>
sealed class RouteRow<T> : IBindableFromHttpContext<RouteRow<T>>
    where T : class
{
    RowWithGrants<T>? rowWithGrants;

    /// <summary>The row and what the caller may do with it.</summary>
    /// <exception cref="InvalidOperationException">The endpoint does not call <c>Requires</c>.</exception>
    public RowWithGrants<T> WithGrants
    {
        get =>
            rowWithGrants
            ?? throw new InvalidOperationException(
                $"The endpoint requires no rule of {typeof(T).Name}: add .Requires<{typeof(T).Name}>(…) where it is "
                    + "mapped."
            );
        set => rowWithGrants = value;
    }

    /// <summary>The row.</summary>
    public T Row => WithGrants.Row;

    public static ValueTask<RouteRow<T>?> BindAsync(HttpContext context, ParameterInfo parameter) =>
        new(new RouteRow<T>());
}
