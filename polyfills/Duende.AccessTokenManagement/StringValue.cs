using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;

namespace Duende.AccessTokenManagement;

/// <summary>
/// Validates the package's string values: not blank, not too long, and only allowed characters.
/// </summary>
static class StringValue
{
    public static bool TryParse<T>(
        string? value,
        int maxLength,
        Regex? letters,
        Func<string, T> create,
        [NotNullWhen(true)] out T? parsed,
        out string[] errors
    )
        where T : struct
    {
        errors =
            string.IsNullOrWhiteSpace(value) ? ["The string cannot be null or empty."]
            : value.Length > maxLength ? [$"The string exceeds maximum length {maxLength}."]
            : letters?.IsMatch(value) == false ? ["The string has characters that are not allowed."]
            : [];
        parsed = errors.Length == 0 ? create(value!) : null;
        return parsed is not null;
    }

    public static T Must<T>(T? parsed, string[] errors)
        where T : struct =>
        parsed
        ?? throw new InvalidOperationException($"Received an invalid {typeof(T).Name}: {string.Join(" ", errors)}");

    public static InvalidOperationException Empty() => new("Can't create null value");
}
