namespace Lightning.Data.Sessions;

/// <summary>Words for the sign-in methods of a session (<c>amr</c>, RFC 8176).</summary>
public static class SignInMethods
{
    // The front end has the same words in devices.ts.
    static readonly Dictionary<string, string> Words = new(StringComparer.Ordinal)
    {
        ["pwd"] = "password",
        ["otp"] = "code",
        ["pop"] = "passkey",
        ["fed"] = "another provider",
    };

    /// <summary>
    /// Describes the methods, such as <c>password and code</c>. Values without words, such as <c>mfa</c>, are left out.
    /// </summary>
    public static string Describe(IEnumerable<string> methods)
    {
        ArgumentNullException.ThrowIfNull(methods);
        var known = string.Join(" and ", methods.Where(Words.ContainsKey).Select(method => Words[method]));
        return known.Length > 0 ? known : "an unknown method";
    }
}
