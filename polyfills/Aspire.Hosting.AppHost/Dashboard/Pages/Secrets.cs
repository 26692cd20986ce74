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

    /// <summary>A value of a variable or property of that name, as it may be shown.</summary>
    public async Task<string> MaskAsync(string name, string value, CancellationToken cancellationToken)
    {
        if (value.Length == 0) return value;
        if (SecretName().IsMatch(name)) return Hidden;
        foreach (var secret in model.Resources.OfType<ParameterResource>().Concat(model.Resources.OfType<IResourceWithConnectionString>().SelectMany(ParametersOf)).Where(parameter => parameter.Secret).Distinct())
        {
            if (await secret.GetValueAsync(cancellationToken) is { Length: >= Shortest } text) value = value.Replace(text, Hidden, StringComparison.Ordinal);
        }

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
