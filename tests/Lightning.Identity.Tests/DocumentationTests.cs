using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using Lightning.Identity.Upstream;
using Lightning.Testing;
using Microsoft.Extensions.Configuration;

namespace Lightning.Identity.Tests;

/// <summary>The configuration keys in the documentation exist.</summary>
public sealed class DocumentationTests
{
    [Fact]
    public void Contracts_has_each_limit_with_its_default()
    {
        var page = DocumentationPage.Read("docs/contracts.md").Text;
        var defaults = new ProviderOptions();

        foreach (var limit in Properties(typeof(ProviderOptions)).Where(key => key.PropertyType == typeof(int)))
        {
            var row = Regex.Match(page, $@"\| `Identity:{limit.Name}` \(([\d ]+)\)");
            row.Success.ShouldBeTrue(limit.Name);
            int.Parse(row.Groups[1].Value.Replace(" ", "", StringComparison.Ordinal), CultureInfo.InvariantCulture)
                .ShouldBe(limit.GetValue(defaults));
        }
    }

    [Fact]
    public void Upstream_settings_bind()
    {
        var page = DocumentationPage.Read("docs/auth/upstream-providers.md");
        var settings = page
            .Blocks.Single(block => block.Language == "sh")
            .Code.Split((char[])[' ', '\n'])
            .Where(word => word.StartsWith("Identity__", StringComparison.Ordinal))
            .Select(word => word.Split('='))
            .Select(pair =>
                KeyValuePair.Create(pair[0].Replace("__", ":", StringComparison.Ordinal), (string?)pair[1])
            );

        var options = new ConfigurationBuilder()
            .AddInMemoryCollection(settings)
            .Build()
            .GetSection("Identity")
            .Get<ProviderOptions>()!;

        options
            .Upstream["Google"]
            .ShouldBe(
                new UpstreamOptions
                {
                    Authority = "https://accounts.google.com",
                    ClientId = "…",
                    ClientSecret = "…",
                    Title = "Google",
                    AcceptedAudiences = options.Upstream["Google"].AcceptedAudiences,
                }
            );
        foreach (var key in Properties(typeof(UpstreamOptions)))
            page.Text.ShouldContain($"`{key.Name}`");
    }

    static PropertyInfo[] Properties(Type options) =>
        options.GetProperties(BindingFlags.Instance | BindingFlags.Public | BindingFlags.DeclaredOnly);
}
