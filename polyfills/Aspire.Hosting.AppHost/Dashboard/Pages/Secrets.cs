using System.Text.RegularExpressions;
using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting.Dashboard.Pages;

/// <summary>
/// Hides what must not be shown: the values of secret parameters wherever they stand, passwords of connection strings, and whatever a name says is secret.
/// </summary>
sealed partial class Secrets(DistributedApplicationModel model)
{
    public const string Hidden = "••••••••";
    const int Shortest = 4; // a shorter value would be found by chance, and blot out what is none

    // The parameters of an application that runs have their values, which never change: nothing is waited for. The longest first, for one may be part of another.
    readonly Lazy<string[]> _values = new(() => [.. model.Resources.OfType<ParameterResource>()
        .Concat(model.Resources.OfType<IResourceWithConnectionString>().SelectMany(ParametersOf)).Where(parameter => parameter.Secret).Distinct()
        .Select(parameter => parameter.GetValueAsync(CancellationToken.None).AsTask().GetAwaiter().GetResult())
        .Where(value => value is { Length: >= Shortest }).Select(value => value!).OrderByDescending(value => value.Length)]);

    /// <summary>A value of a variable of that name, as it may be shown.</summary>
    public string Mask(string name, string value)
    {
        if (value.Length == 0) return value;
        if (SecretName().IsMatch(name)) return Hidden;
        foreach (var secret in _values.Value) value = value.Replace(secret, Hidden, StringComparison.Ordinal);
        return Password().Replace(value, "${key}" + Hidden);
    }

    // A parameter made without being added, such as a server's password, is known only to those who are made of it.
    static IEnumerable<ParameterResource> ParametersOf(IValueWithReferences value) => value.References.SelectMany(reference => reference switch
    {
        ParameterResource parameter => [parameter],
        EndpointReference or EndpointReferenceExpression => [],
        IValueWithReferences other => ParametersOf(other),
        _ => Enumerable.Empty<ParameterResource>()
    });

    [GeneratedRegex("(password|passwd|secret|token|api_?key|masterkey|private_?key|credential|OTLP_HEADERS)", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex SecretName();

    [GeneratedRegex("""(?<key>\b(password|pwd)\s*=\s*)("[^"]*"|'[^']*'|[^;]*)|(?<key>://[^/:@\s]*:)[^@/\s]+(?=@)""", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Password();
}
