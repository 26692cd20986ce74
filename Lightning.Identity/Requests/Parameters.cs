using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace Lightning.Identity.Requests;

/// <summary>
/// The parameters of a protocol request. A parameter without a value counts as absent (RFC 6749, 3.1).
/// </summary>
sealed class Parameters
{
    const string FormType = "application/x-www-form-urlencoded";
    const int MaxValueLength = 4096;
    readonly Dictionary<string, string> values = new(StringComparer.Ordinal);

    Parameters(IEnumerable<KeyValuePair<string, StringValues>> source)
    {
        foreach (var (name, all) in source)
        {
            if (all.Count > 1)
                Error ??= ProtocolError.InvalidRequest($"{Printable(name)} is repeated.");
            if (all is not [{ Length: > 0 } value])
                continue;
            if (value.Length > MaxValueLength)
                Error ??= ProtocolError.InvalidRequest(
                    $"{Printable(name)} is longer than {MaxValueLength} characters."
                );
            else if (value.Any(char.IsControl))
                Error ??= ProtocolError.InvalidRequest($"{Printable(name)} contains a control character.");
            else
                values[name] = value;
        }
    }

    public Parameters(IReadOnlyDictionary<string, string> values) => this.values = new(values, StringComparer.Ordinal);

    /// <summary>
    /// The first parameter that is repeated (RFC 6749, 3.1), too long, or contains control characters (appendix A);
    /// null if all are valid.
    /// </summary>
    public ProtocolError? Error { get; }

    public string? this[string name] => values.GetValueOrDefault(name);

    public IReadOnlyDictionary<string, string> Values => values;

    public static Parameters FromQuery(HttpRequest request) => new(request.Query);

    /// <summary>
    /// Reads a form post and ignores the query. Returns null if the request is not a valid form post.
    /// </summary>
    public static async Task<Parameters?> FromFormAsync(HttpRequest request)
    {
        // RFC 6749, appendix B: only this content type.
        if (
            !MediaTypeHeaderValue.TryParse(request.ContentType, out var type)
            || !type.MediaType.Equals(FormType, StringComparison.OrdinalIgnoreCase)
        )
            return null;
        try
        {
            return new Parameters(await request.ReadFormAsync(request.HttpContext.RequestAborted));
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }

    // RFC 6749, 5.2: the characters that error_description allows.
    static string Printable(string name) =>
        name.Length <= 64 && name.All(letter => letter is >= ' ' and <= '~' and not ('"' or '\\'))
            ? name
            : "A parameter";
}
