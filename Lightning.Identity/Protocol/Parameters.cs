using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace Lightning.Identity.Protocol;

/// <summary>The parameters of a protocol request. One without a value counts as absent (RFC 6749, 3.1).</summary>
sealed class Parameters
{
    const string FormType = "application/x-www-form-urlencoded";
    const int LongestValue = 4096;
    readonly Dictionary<string, string> values = new(StringComparer.Ordinal);

    Parameters(IEnumerable<KeyValuePair<string, StringValues>> source)
    {
        foreach (var (name, all) in source)
        {
            if (all.Count > 1) Fault ??= ProtocolError.InvalidRequest($"{Printable(name)} stands more than once.");
            if (all is not [{ Length: > 0 } value]) continue;
            if (value.Length > LongestValue) Fault ??= ProtocolError.InvalidRequest($"{Printable(name)} is longer than {LongestValue} characters.");
            else if (value.Any(char.IsControl)) Fault ??= ProtocolError.InvalidRequest($"{Printable(name)} holds a control character.");
            else values[name] = value;
        }
    }

    public Parameters(IReadOnlyDictionary<string, string> values) => this.values = new(values, StringComparer.Ordinal);

    /// <summary>What is wrong with the parameters as such: one stands more than once (RFC 6749, 3.1), is too long to be meant, or is no text (RFC 6749, appendix A).</summary>
    public ProtocolError? Fault { get; }

    public string? this[string name] => values.GetValueOrDefault(name);

    public IReadOnlyDictionary<string, string> Values => values;

    public static Parameters OfQuery(HttpRequest request) => new(request.Query);

    /// <summary>Those of a posted form; query parameters do not count. Null where no form was posted, or one that cannot be taken apart.</summary>
    public static async Task<Parameters?> OfFormAsync(HttpRequest request)
    {
        // RFC 6749, appendix B: this type and no other.
        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out var type) || !type.MediaType.Equals(FormType, StringComparison.OrdinalIgnoreCase)) return null;
        try
        {
            return new Parameters(await request.ReadFormAsync(request.HttpContext.RequestAborted));
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }

    // RFC 6749, 5.2: what may stand in error_description.
    static string Printable(string name) =>
        name.Length <= 64 && name.All(letter => letter is >= ' ' and <= '~' and not ('"' or '\\')) ? name : "A parameter";
}
