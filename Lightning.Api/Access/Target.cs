using System.Reflection;
using Lightning.Data.Rules;

namespace Lightning.Api.Access;

/// <summary>
/// The object that a request's address names, for a handler behind <see cref="RequiredRules.Requires{T}"/>: loaded through the caller's scope, with what the
/// database says of it.
/// </summary>
sealed class Target<T> : IBindableFromHttpContext<Target<T>>
    where T : class
{
    Guarded<T>? guarded;

    /// <summary>The row with what the database granted.</summary>
    public Guarded<T> Guarded
    {
        get => guarded ?? throw new InvalidOperationException($"The endpoint does not say what it requires of the {typeof(T).Name}: add .Requires<{typeof(T).Name}>(…) where it is mapped.");
        set => guarded = value;
    }

    /// <summary>The row.</summary>
    public T Row => Guarded.Row;

    public static ValueTask<Target<T>?> BindAsync(HttpContext context, ParameterInfo parameter) => new(new Target<T>());
}
